/*
 * object.c - types, objects and their references (see object.h).
 *
 * Model    A world keeps a list of the types registered in it. A class is made
 *          when it is first asked for, in the world that asks: the parent's,
 *          copied, then the type's class_init. A world also knows the types of
 *          the thread's default world and the built-in ones, and makes classes
 *          of its own for them, so nothing of a world lives in another.
 * Source   the parts of an object model that the published memory headers use.
 */
#include "memory/object.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"

enum { MAX_DEPTH = 64 };

/* object_unref() of a region that is an object of its own. */
static void end_region(Object *obj)
{
    MemoryRegion *mr = (MemoryRegion *)(void *)obj;
    mr->destructor = NULL; /* it is what brought us here, or is done by us */
    memory_region_fini(mr);
}

static const TypeInfo built_in[] = {
    {.name = TYPE_OBJECT,
     .instance_size = sizeof(Object),
     .class_size = sizeof(ObjectClass)},
    {.name = TYPE_MEMORY_REGION,
     .parent = TYPE_OBJECT,
     .instance_size = sizeof(MemoryRegion),
     .instance_finalize = end_region,
     .class_size = sizeof(MemoryRegionClass)},
    {.name = TYPE_IOMMU_MEMORY_REGION,
     .parent = TYPE_MEMORY_REGION,
     .instance_size = sizeof(IOMMUMemoryRegion),
     .class_size = sizeof(IOMMUMemoryRegionClass),
     .abstract = true},
    {.name = TYPE_RAM_DISCARD_MANAGER,
     .parent = TYPE_OBJECT,
     .instance_size = sizeof(Object),
     .class_size = sizeof(RamDiscardManagerClass),
     .abstract = true},
};

/* -- types ---------------------------------------------------------------- */

/* Where the list has the type, or ends. */
static ObjectClass **find(MemoryWorld *world, const char *type)
{
    ObjectClass **at = &world->classes;
    while (*at && strcmp((*at)->type, type) != 0) {
        at = &(*at)->next;
    }
    return at;
}

static const TypeInfo *find_info(MemoryWorld *world, const char *type)
{
    const ObjectClass *klass = *find(world, type);
    if (!klass) {
        klass = *find(memory_world_default(), type);
    }
    if (klass) {
        return klass->info;
    }
    for (size_t i = 0; i < sizeof(built_in) / sizeof(*built_in); i++) {
        if (strcmp(built_in[i].name, type) == 0) {
            return &built_in[i];
        }
    }
    return NULL;
}

/* Before its class is made, a registered type is its own parent. */
static ObjectClass *note_type(MemoryWorld *world, const TypeInfo *info)
{
    ObjectClass *klass = memory_alloc(1, sizeof(*klass));
    klass->type = info->name;
    klass->info = info;
    klass->parent = klass;
    klass->next = world->classes;
    return world->classes = klass;
}

static bool is_made(const ObjectClass *klass)
{
    return klass->parent != klass;
}

void type_register_static(const TypeInfo *info)
{
    MemoryWorld *world = memory_world_current();
    if (!*find(world, info->name)) {
        note_type(world, info);
    }
}

static size_t class_size(const ObjectClass *klass)
{
    size_t size = sizeof(ObjectClass);
    for (; klass; klass = klass->parent) {
        size = klass->info->class_size > size ? klass->info->class_size : size;
    }
    return size;
}

/* The class in place of what stood for it in the list. */
static ObjectClass *make_class(MemoryWorld *world, const TypeInfo *info,
                               ObjectClass *parent)
{
    size_t inherited = class_size(parent);
    ObjectClass *klass = memory_alloc(
        1, info->class_size > inherited ? info->class_size : inherited);
    if (parent) {
        memcpy(klass, parent, inherited);
    }
    klass->type = info->name;
    klass->info = info;
    klass->parent = parent;
    ObjectClass **at = find(world, info->name);
    klass->next = *at ? (*at)->next : NULL;
    free(*at);
    *at = klass;
    if (info->class_init) {
        info->class_init(klass, info->class_data);
    }
    return klass;
}

/* depth: generations so far; a type that descends from itself is unknown. */
static ObjectClass *get_class(MemoryWorld *world, const char *type,
                              unsigned depth)
{
    ObjectClass *klass = *find(world, type);
    if (klass && is_made(klass)) {
        return klass;
    }
    const TypeInfo *info = find_info(world, type);
    if (!info || depth > MAX_DEPTH) {
        return NULL;
    }
    ObjectClass *parent = NULL;
    if (info->parent) {
        parent = get_class(world, info->parent, depth + 1);
        if (!parent) {
            return NULL;
        }
    }
    return make_class(world, info, parent);
}

ObjectClass *object_class_by_name(const char *type)
{
    return get_class(memory_world_current(), type, 0);
}

bool object_class_is(const ObjectClass *klass, const char *type)
{
    while (klass && strcmp(klass->type, type) != 0) {
        klass = klass->parent;
    }
    return klass != NULL;
}

void object_classes_free(MemoryWorld *world)
{
    while (world->classes) {
        ObjectClass *klass = world->classes;
        world->classes = klass->next;
        free(klass);
    }
}

/* -- objects -------------------------------------------------------------- */

static size_t instance_size(const ObjectClass *klass)
{
    while (klass && !klass->info->instance_size) {
        klass = klass->parent;
    }
    return klass ? klass->info->instance_size : sizeof(Object);
}

static void init_instance(Object *obj, const ObjectClass *klass)
{
    if (klass->parent) {
        init_instance(obj, klass->parent);
    }
    if (klass->info->instance_init) {
        klass->info->instance_init(obj);
    }
}

void object_initialize(void *obj, size_t size, const char *type)
{
    ObjectClass *klass = object_class_by_name(type);
    assert(klass && !klass->info->abstract && instance_size(klass) <= size);
    Object *o = obj;
    memset(o, 0, size);
    o->class_of = klass;
    o->ref = 1;
    init_instance(o, klass);
}

Object *object_new(const char *type)
{
    ObjectClass *klass = object_class_by_name(type);
    assert(klass);
    size_t size = instance_size(klass);
    Object *o = memory_alloc(1, size);
    object_initialize(o, size, type);
    o->free = free;
    return o;
}

Object *object_ref(void *obj)
{
    Object *o = obj;
    if (o) {
        o->ref++;
    }
    return o;
}

void object_unref(void *obj)
{
    Object *o = obj;
    if (!o) {
        return;
    }
    assert(o->ref);
    if (--o->ref) {
        return;
    }
    void (*release)(void *) = o->free; /* finalizers may clear the object */
    for (const ObjectClass *k = o->class_of; k; k = k->parent) {
        if (k->info->instance_finalize) {
            k->info->instance_finalize(o);
        }
    }
    if (release) {
        release(o);
    }
}

/* A region that memory_region_init() made has no class: it is a plain one. */
static bool is_type(const Object *obj, const char *type)
{
    if (obj->class_of) {
        return object_class_is(obj->class_of, type);
    }
    return strcmp(type, TYPE_MEMORY_REGION) == 0 ||
           strcmp(type, TYPE_OBJECT) == 0;
}

void *object_check(void *obj, const char *type, const char *macro)
{
    const Object *o = obj;
    if (o && !is_type(o, type)) {
        memory_log(memory_world_current(), "%s: a %s is no %s", macro,
                   o->class_of ? o->class_of->type : "struct without a class",
                   type);
        abort();
    }
    return obj;
}

ObjectClass *object_get_class(const void *obj)
{
    const Object *o = obj;
    return o->class_of;
}
