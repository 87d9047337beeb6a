// Types, classes, objects: what is inherited, in which order things happen, who
// knows which types, and what keeps an object alive.
#include <string>
#include <thread>

#include "tests/memory/memory_kit.h"

namespace
{

std::string events; // of the test that runs

struct AnimalClass {
    ObjectClass parent_class;
    int legs, wings;
};
struct BirdClass {
    AnimalClass parent_class;
    int song;
};
struct Animal {
    Object parent_obj;
    int age;
};
struct Bird {
    Animal parent_obj;
    int height;
};

AnimalClass *animal_class(const char *type)
{
    return reinterpret_cast<AnimalClass *>(object_class_by_name(type));
}

template <char letter> void init(Object *)
{
    events += std::string("+") + letter;
}
template <char letter> void finalize(Object *)
{
    events += std::string("-") + letter;
}

TypeInfo animal_type()
{
    TypeInfo t{};
    t.name = "animal";
    t.parent = TYPE_OBJECT;
    t.instance_size = sizeof(Animal);
    t.instance_init = [](Object *obj) {
        init<'a'>(obj);
        reinterpret_cast<Animal *>(obj)->age = 7;
    };
    t.instance_finalize = finalize<'a'>;
    t.class_size = sizeof(AnimalClass);
    t.class_init = [](ObjectClass *klass, void *) {
        events += "A";
        auto *c = reinterpret_cast<AnimalClass *>(klass);
        c->legs += 4;
        c->wings = 0;
    };
    t.abstract = true;
    return t;
}

int song_of_the_bird = 5;

TypeInfo bird_type()
{
    TypeInfo t{};
    t.name = "bird";
    t.parent = "animal";
    t.instance_size = sizeof(Bird);
    t.instance_init = [](Object *obj) {
        init<'b'>(obj);
        // the parent has been there
        reinterpret_cast<Bird *>(obj)->height =
            reinterpret_cast<Animal *>(obj)->age * 2;
    };
    t.instance_finalize = finalize<'b'>;
    t.class_size = sizeof(BirdClass);
    t.class_init = [](ObjectClass *klass, void *data) {
        events += "B";
        auto *c = reinterpret_cast<BirdClass *>(klass);
        c->parent_class.wings = 2;
        c->song = *static_cast<int *>(data);
    };
    t.class_data = &song_of_the_bird;
    return t;
}

// Adds no size and no method.
TypeInfo owl_type()
{
    TypeInfo t{};
    t.name = "owl";
    t.parent = "bird";
    t.instance_finalize = finalize<'o'>;
    return t;
}

const TypeInfo kAnimal = animal_type(), kBird = bird_type(), kOwl = owl_type();

class ObjectTest : public testing::Test
{
  protected:
    ObjectTest() { events.clear(); }
    static void register_all()
    {
        type_register_static(&kAnimal);
        type_register_static(&kBird);
        type_register_static(&kOwl);
    }
    ScopedWorld scope;
};

// -- classes

TEST_F(ObjectTest, a_class_is_its_parents_copied_then_changed)
{
    register_all();
    EXPECT_EQ(events, ""); // nobody asked yet
    auto *bird = reinterpret_cast<BirdClass *>(object_class_by_name("bird"));
    ASSERT_NE(bird, nullptr);
    EXPECT_EQ(events, "AB");
    EXPECT_EQ(bird->parent_class.legs, 4); // once, not twice
    EXPECT_EQ(bird->parent_class.wings, 2);
    EXPECT_EQ(bird->song, 5);
    EXPECT_EQ(animal_class("animal")->wings, 0); // the parent's stays
    auto *owl = reinterpret_cast<BirdClass *>(object_class_by_name("owl"));
    EXPECT_EQ(owl->song, 5);
    EXPECT_EQ(owl->parent_class.wings, 2);
    EXPECT_EQ(events, "AB"); // each once
    EXPECT_STREQ(OBJECT_CLASS(owl)->type, "owl");
    EXPECT_EQ(OBJECT_CLASS(owl)->parent, OBJECT_CLASS(bird));
    EXPECT_EQ(OBJECT_CLASS(owl)->info, &kOwl);
}

TEST_F(ObjectTest, descent)
{
    register_all();
    const ObjectClass *owl = object_class_by_name("owl");
    EXPECT_TRUE(object_class_is(owl, "owl"));
    EXPECT_TRUE(object_class_is(owl, "animal"));
    EXPECT_TRUE(object_class_is(owl, TYPE_OBJECT));
    EXPECT_FALSE(object_class_is(owl, TYPE_MEMORY_REGION));
    EXPECT_FALSE(object_class_is(object_class_by_name("bird"), "owl"));
    EXPECT_FALSE(object_class_is(nullptr, "owl"));
}

TEST_F(ObjectTest, registered_in_any_order)
{
    type_register_static(&kOwl);
    EXPECT_EQ(object_class_by_name("owl"), nullptr); // no bird is known
    type_register_static(&kBird);
    EXPECT_EQ(object_class_by_name("owl"), nullptr);
    type_register_static(&kAnimal);
    ASSERT_NE(object_class_by_name("owl"), nullptr);
    EXPECT_EQ(events, "AB");
    EXPECT_EQ(animal_class("owl")->legs, 4);
}

TEST_F(ObjectTest, unknown_and_circular_types)
{
    static TypeInfo egg, hen;
    egg.name = hen.parent = "egg";
    hen.name = egg.parent = "hen";
    type_register_static(&egg);
    type_register_static(&hen);
    EXPECT_EQ(object_class_by_name("egg"), nullptr);
    EXPECT_EQ(object_class_by_name("hen"), nullptr);
    EXPECT_EQ(object_class_by_name("no-such-type"), nullptr);
}

TEST_F(ObjectTest, a_root_needs_no_size)
{
    static TypeInfo root;
    root.name = "root";
    type_register_static(&root);
    Object *o = object_new("root");
    EXPECT_EQ(object_get_class(o)->parent, nullptr);
    EXPECT_FALSE(object_class_is(object_get_class(o), TYPE_OBJECT));
    object_unref(o);
}

TEST_F(ObjectTest, the_first_meaning_of_a_name_stays)
{
    static TypeInfo other = bird_type();
    static int other_song = 9;
    other.class_data = &other_song;
    type_register_static(&kAnimal);
    type_register_static(&kBird);
    type_register_static(&other); // before there is a class
    auto *bird = reinterpret_cast<BirdClass *>(object_class_by_name("bird"));
    EXPECT_EQ(bird->song, 5);
    type_register_static(&other); // and after
    EXPECT_EQ(object_class_by_name("bird"), OBJECT_CLASS(bird));
    EXPECT_EQ(bird->song, 5);
}

TEST_F(ObjectTest, built_in_types_are_always_known)
{
    for (const char *type :
         {TYPE_OBJECT, TYPE_MEMORY_REGION, TYPE_IOMMU_MEMORY_REGION,
          TYPE_RAM_DISCARD_MANAGER}) {
        const ObjectClass *klass = object_class_by_name(type);
        ASSERT_NE(klass, nullptr) << type;
        EXPECT_TRUE(object_class_is(klass, TYPE_OBJECT)) << type;
    }
    EXPECT_TRUE(object_class_is(object_class_by_name(TYPE_IOMMU_MEMORY_REGION),
                                TYPE_MEMORY_REGION));
}

// -- worlds

TEST_F(ObjectTest, a_world_knows_its_own_types_only)
{
    register_all();
    MemoryWorld *other = memory_world_new();
    MemoryWorld *outer = memory_world_enter(other);
    EXPECT_EQ(object_class_by_name("bird"), nullptr);
    type_register_static(&kAnimal);
    AnimalClass *there = animal_class("animal");
    memory_world_enter(outer);
    EXPECT_NE(animal_class("animal"), there); // no sharing of classes
    memory_world_free(other);
    EXPECT_EQ(animal_class("animal")->legs, 4);
}

TEST_F(ObjectTest, types_outside_every_world_are_known_in_all)
{
    std::thread([] {
        register_all(); // this thread's default world
        AnimalClass *outside = animal_class("bird");
        AnimalClass *inside[2];
        for (AnimalClass *&c : inside) {
            ScopedWorld world;
            c = animal_class("bird");
            ASSERT_NE(c, nullptr);
            EXPECT_NE(c, outside);
            EXPECT_EQ(c->legs, 4);
            c->legs = 100; // of this world's class only
        }
        EXPECT_EQ(outside->legs, 4);
        {
            ScopedWorld world; // may mean something else by a name
            static TypeInfo other = bird_type();
            static int other_song = 9;
            other.class_data = &other_song;
            type_register_static(&other);
            auto *bird =
                reinterpret_cast<BirdClass *>(object_class_by_name("bird"));
            EXPECT_EQ(bird->song, 9);
        }
        object_classes_free(memory_world_default());
    }).join();
    EXPECT_EQ(object_class_by_name("bird"), nullptr); // another thread
}

TEST_F(ObjectTest, a_worlds_classes_end_with_it)
{
    // Under a leak checker: a thread whose default world was never used.
    std::thread([] {
        ScopedWorld world;
        EXPECT_NE(object_class_by_name(TYPE_IOMMU_MEMORY_REGION), nullptr);
    }).join();
    register_all();
    object_classes_free(scope.world);
    EXPECT_EQ(object_class_by_name("bird"), nullptr);
}

// -- objects

TEST_F(ObjectTest, from_the_general_to_the_special_and_back)
{
    register_all();
    Object *o = object_new("owl");
    EXPECT_EQ(events, "AB+a+b");
    EXPECT_EQ(reinterpret_cast<Bird *>(o)->height, 14);
    EXPECT_EQ(object_get_class(o), object_class_by_name("owl"));
    EXPECT_EQ(object_ref(o), o);
    events.clear();
    object_unref(o);
    EXPECT_EQ(events, "");
    object_unref(o);
    EXPECT_EQ(events, "-o-b-a");
    EXPECT_EQ(object_ref(nullptr), nullptr);
    object_unref(nullptr);
}

TEST_F(ObjectTest, in_memory_of_the_caller)
{
    register_all();
    struct {
        Bird bird;
        int mark;
    } nest;
    memset(&nest, 0xff, sizeof(nest));
    object_initialize(&nest.bird, sizeof(nest.bird), "bird");
    EXPECT_EQ(nest.mark, -1);
    EXPECT_EQ(OBJECT(&nest.bird)->ref, 1u);
    EXPECT_EQ(nest.bird.height, 14);
    static int freed;
    freed = 0;
    OBJECT(&nest.bird)->free = [](void *) {
        freed++;
        events += "free";
    };
    events.clear();
    object_unref(&nest.bird);
    EXPECT_EQ(events, "-b-afree");
    EXPECT_EQ(freed, 1);
}

TEST_F(ObjectTest, checked_casts)
{
    register_all();
    Object *o = object_new("owl");
    EXPECT_EQ(static_cast<void *>(OBJECT_CHECK(Bird, o, "bird")), o);
    EXPECT_EQ(OBJECT_CHECK(Bird, nullptr, "bird"), nullptr);
    EXPECT_DEATH((void)OBJECT_CHECK(Bird, o, "memory-region"),
                 "Bird: a owl is no memory-region");
    object_unref(o);
    MemoryRegion plain; // has no class, and is what it is
    memory_region_init(&plain, nullptr, "plain", 0x1000);
    EXPECT_EQ(MEMORY_REGION(&plain), &plain);
    EXPECT_DEATH((void)IOMMU_MEMORY_REGION(&plain),
                 "is no iommu-memory-region");
    memory_region_fini(&plain);
}

#ifndef NDEBUG
TEST_F(ObjectTest, what_cannot_be_an_object)
{
    register_all();
    Bird bird;
    EXPECT_DEATH(object_initialize(&bird, sizeof(bird), "animal"), "abstract");
    EXPECT_DEATH(object_initialize(&bird, sizeof(Animal), "bird"), "size");
    EXPECT_DEATH(object_new("no-such-type"), "");
    object_initialize(&bird, sizeof(bird), "bird");
    object_unref(&bird);
    EXPECT_DEATH(object_unref(&bird), "ref");
}
#endif

// -- regions that are objects, and owners

TypeInfo unit_type()
{
    TypeInfo t{};
    t.name = "unit";
    t.parent = TYPE_IOMMU_MEMORY_REGION;
    t.instance_size = sizeof(IOMMUMemoryRegion);
    t.instance_finalize = finalize<'u'>;
    return t;
}
const TypeInfo kUnit = unit_type();

TEST_F(ObjectTest, the_end_of_a_region_is_the_end_of_its_object)
{
    type_register_static(&kUnit);
    IOMMUMemoryRegion unit;
    memory_region_init_iommu(&unit, sizeof(unit), "unit", nullptr, "unit", 64);
    EXPECT_EQ(object_get_class(&unit), object_class_by_name("unit"));
    memory_region_fini(&unit.parent_obj);
    EXPECT_EQ(events, "-u");
    EXPECT_EQ(memory_region_size(&unit.parent_obj), 0u);
    memory_region_fini(&unit.parent_obj); // again is fine
    EXPECT_EQ(events, "-u");
}

TEST_F(ObjectTest, the_end_of_an_object_is_the_end_of_its_region)
{
    type_register_static(&kUnit);
    auto *unit =
        static_cast<IOMMUMemoryRegion *>(malloc(sizeof(IOMMUMemoryRegion)));
    memory_region_init_iommu(unit, sizeof(*unit), "unit", nullptr, "unit", 64);
    OBJECT(unit)->free = free;
    object_ref(unit);
    object_unref(unit);
    EXPECT_EQ(events, "");
    object_unref(unit); // its name goes too: the leak checker looks
    EXPECT_EQ(events, "-u");
}

TEST_F(ObjectTest, what_is_visible_keeps_its_owner)
{
    register_all();
    Object *owner = object_new("bird");
    MemoryRegion root, mr;
    memory_region_init(&root, nullptr, "root", 0x1000);
    memory_region_init_io(&mr, owner, nullptr, nullptr, "mr", 0x100);
    EXPECT_EQ(memory_region_owner(&mr), owner);
    EXPECT_EQ(owner->ref, 1u);
    memory_region_ref(&mr);
    EXPECT_EQ(owner->ref, 2u);
    memory_region_unref(&mr);
    AddressSpace as;
    address_space_init(&as, &root, "as");
    memory_region_add_subregion(&root, 0, &mr);
    address_space_to_flatview(&as);
    EXPECT_GT(owner->ref, 1u);
    memory_region_del_subregion(&root, &mr);
    address_space_to_flatview(&as);
    EXPECT_EQ(owner->ref, 1u);
    address_space_destroy(&as);
    memory_region_fini(&mr);
    memory_region_fini(&root);
    object_unref(owner);
}

} // namespace
