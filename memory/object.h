/*
 * object.h - the little of an object model that the memory API leans on: owners
 * that are kept alive by what is visible of them, and classes with methods for
 * IOMMU regions and RAM discard managers.
 *
 * Model    An Object starts with a class and a reference count of 1. The last
 *          unref runs the finalizers, most derived class first, then `free`.
 *          Types are named; registering one binds it to the current world, and
 *          is seen by that world only; a type registered outside every world
 *          (the thread's default world) is seen by all worlds of the thread.
 * Missing  properties, children, and everything else a full object model has.
 */
#ifndef MEMORY_OBJECT_H
#define MEMORY_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Object Object;
typedef struct ObjectClass ObjectClass;
typedef struct TypeInfo TypeInfo;

struct ObjectClass {
    const char *type;    /* borrowed from the TypeInfo */
    ObjectClass *parent; /* NULL: a root */
    const TypeInfo *info;
    ObjectClass *next; /* private: all of a world */
};

struct Object {
    ObjectClass *class_of;
    uint32_t ref;
    void (*free)(void *obj); /* NULL: the memory is somebody else's */
};

/* All of it is borrowed and outlives the world it is registered in. */
struct TypeInfo {
    const char *name;
    const char *parent; /* NULL: a root */
    size_t instance_size;
    void (*instance_init)(Object *obj);
    void (*instance_finalize)(Object *obj);
    size_t class_size; /* 0: the parent's */
    void (*class_init)(ObjectClass *klass, void *data);
    void *class_data;
    bool abstract;
};

/* A name registered twice in one world keeps its first meaning. */
void type_register_static(const TypeInfo *info);
/* NULL when no such type is known in the current world. */
ObjectClass *object_class_by_name(const char *type);
/* Does the class have that name, or descend from one that has? */
bool object_class_is(const ObjectClass *klass, const char *type);

/* Makes an object of `size` bytes at obj, zero-filled, with one reference. The
 * type must be known, not abstract, and its instance no larger than size. */
void object_initialize(void *obj, size_t size, const char *type);
Object *object_new(const char *type);
Object *object_ref(void *obj); /* NULL is fine */
void object_unref(void *obj);  /* NULL is fine */

/* obj, when it is of that type; else the program ends with a message. */
void *object_check(void *obj, const char *type, const char *macro);
ObjectClass *object_get_class(const void *obj);

struct MemoryWorld;
/* Frees what the world's classes hold; memory_world_free() does it. */
void object_classes_free(struct MemoryWorld *world);

#define OBJECT(obj) ((Object *)(void *)(obj))
#define OBJECT_CHECK(type, obj, name)                                          \
    ((type *)object_check((obj), (name), #type))
#define OBJECT_CLASS(klass) ((ObjectClass *)(void *)(klass))
#define OBJECT_GET_CLASS(type, obj, name)                                      \
    ((type *)(void *)object_get_class(obj))
#define OBJECT_CLASS_CHECK(type, klass, name) ((type *)(void *)(klass))
#define TYPE_OBJECT "object"

#ifdef __cplusplus
}
#endif
#endif
