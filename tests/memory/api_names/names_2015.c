/* names_2015.c - uses every name of the 2015 header: a file that compiles only
 * if they are all there, and a table of what they are. */
#include "memory/memory2015.h"
#include "memory/world.h"
#include "tests/memory/api_names/names.h"

#define FUNCTION(f)                                                            \
    {                                                                          \
#f, "function", (void (*)(void))(f), 0                                 \
    }
#define TYPE(t)                                                                \
    {                                                                          \
#t, "type", NULL, sizeof(t)                                            \
    }
#define OPAQUE(t)                                                              \
    {                                                                          \
#t, "opaque", NULL, sizeof(t *)                                        \
    }
#define VALUE(v)                                                               \
    {                                                                          \
#v, "value", NULL, sizeof(v)                                           \
    }
#define STRING(s)                                                              \
    {                                                                          \
#s, "string", NULL, sizeof(s)                                          \
    }
#define MACRO(m)                                                               \
    {                                                                          \
#m, "macro", NULL, 1                                                   \
    }
#define MEMBER(type, m)                                                        \
    {                                                                          \
#m, "member", NULL, sizeof(((type *)0)->m)                             \
    }

#ifndef MEMORY_REGION
#error "MEMORY_REGION is missing"
#endif

const ApiName api_names_2015[] = {
    STRING(TYPE_MEMORY_REGION),
    MACRO(MEMORY_REGION),
    VALUE(MAX_PHYS_ADDR_SPACE_BITS),
    VALUE(MAX_PHYS_ADDR),
    TYPE(ram_addr_t),
    TYPE(MemoryRegion),
    TYPE(MemoryRegionOps),
    TYPE(MemoryRegionMmio),
    {"CPUReadMemoryFunc", "type", NULL, sizeof(CPUReadMemoryFunc *)},
    {"CPUWriteMemoryFunc", "type", NULL, sizeof(CPUWriteMemoryFunc *)},
    TYPE(MemTxResult),
    VALUE(MEMTX_OK),
    VALUE(MEMTX_ERROR),
    VALUE(MEMTX_DECODE_ERROR),
    TYPE(AddressSpace),
    TYPE(MemoryRegionSection),
    OPAQUE(FlatView),
    OPAQUE(AddressSpaceDispatch),
    TYPE(MemoryListener),
    MEMBER(MemoryListener, address_space_filter),
    OPAQUE(CoalescedMemoryRange),
    OPAQUE(MemoryRegionIoeventfd),
    TYPE(EventNotifier),
    TYPE(IOMMUTLBEntry),
    TYPE(IOMMUAccessFlags),
    VALUE(IOMMU_NONE),
    VALUE(IOMMU_RO),
    VALUE(IOMMU_WO),
    VALUE(IOMMU_RW),
    TYPE(MemoryRegionIOMMUOps),
    MEMBER(IOMMUMemoryRegion, iommu_notify),
    FUNCTION(memory_region_register_iommu_notifier),
    FUNCTION(memory_region_unregister_iommu_notifier),
    FUNCTION(memory_region_notify_iommu),
    FUNCTION(memory_region_init),
    FUNCTION(memory_region_init_io),
    FUNCTION(memory_region_init_ram),
    FUNCTION(memory_region_init_rom_device),
    FUNCTION(memory_region_init_ram_ptr),
    FUNCTION(memory_region_init_resizeable_ram),
    FUNCTION(memory_region_ram_resize),
    FUNCTION(memory_region_init_ram_from_file),
    FUNCTION(memory_region_get_fd),
    FUNCTION(memory_region_init_alias),
    FUNCTION(memory_region_init_iommu),
    FUNCTION(memory_region_is_iommu),
    FUNCTION(memory_region_init_reservation),
    FUNCTION(memory_region_ref),
    FUNCTION(memory_region_unref),
    FUNCTION(memory_region_owner),
    FUNCTION(memory_region_size),
    FUNCTION(memory_region_name),
    FUNCTION(memory_region_is_ram),
    FUNCTION(memory_region_is_rom),
    FUNCTION(memory_region_is_romd),
    FUNCTION(memory_region_is_skip_dump),
    FUNCTION(memory_region_set_skip_dump),
    FUNCTION(memory_region_get_alignment),
    FUNCTION(memory_region_get_ram_addr),
    MEMBER(RAMBlock, ram_addr),
    FUNCTION(memory_region_get_ram_ptr),
    FUNCTION(memory_region_set_log),
    FUNCTION(memory_region_is_logging),
    FUNCTION(memory_region_set_dirty),
    FUNCTION(memory_region_reset_dirty),
    FUNCTION(memory_region_get_dirty),
    FUNCTION(memory_region_test_and_clear_dirty),
    FUNCTION(memory_region_sync_dirty_bitmap),
    FUNCTION(address_space_sync_dirty_bitmap),
    VALUE(DIRTY_MEMORY_VGA),
    VALUE(DIRTY_MEMORY_CODE),
    VALUE(DIRTY_MEMORY_MIGRATION),
    VALUE(DIRTY_MEMORY_NUM),
    FUNCTION(memory_global_dirty_log_start),
    FUNCTION(memory_global_dirty_log_stop),
    FUNCTION(memory_region_set_readonly),
    FUNCTION(memory_region_rom_device_set_romd),
    FUNCTION(memory_region_set_enabled),
    FUNCTION(memory_region_set_address),
    FUNCTION(memory_region_set_size),
    FUNCTION(memory_region_set_alias_offset),
    FUNCTION(memory_region_set_coalescing),
    FUNCTION(memory_region_add_coalescing),
    FUNCTION(memory_region_clear_coalescing),
    FUNCTION(memory_region_set_flush_coalesced),
    FUNCTION(memory_region_clear_flush_coalesced),
    FUNCTION(memory_region_add_eventfd),
    FUNCTION(memory_region_del_eventfd),
    FUNCTION(memory_region_add_subregion),
    FUNCTION(memory_region_add_subregion_overlap),
    FUNCTION(memory_region_del_subregion),
    FUNCTION(memory_region_present),
    FUNCTION(memory_region_is_mapped),
    FUNCTION(memory_region_find),
    FUNCTION(memory_region_transaction_begin),
    FUNCTION(memory_region_transaction_commit),
    FUNCTION(memory_listener_register),
    FUNCTION(memory_listener_unregister),
    FUNCTION(mtree_info),
    FUNCTION(memory_region_dispatch_read),
    FUNCTION(memory_region_dispatch_write),
    FUNCTION(address_space_init),
    FUNCTION(address_space_destroy),
    FUNCTION(address_space_rw),
    FUNCTION(address_space_read),
    FUNCTION(address_space_write),
    FUNCTION(address_space_ldub),
    FUNCTION(address_space_lduw),
    FUNCTION(address_space_lduw_le),
    FUNCTION(address_space_lduw_be),
    FUNCTION(address_space_ldl),
    FUNCTION(address_space_ldl_le),
    FUNCTION(address_space_ldl_be),
    FUNCTION(address_space_ldq),
    FUNCTION(address_space_ldq_le),
    FUNCTION(address_space_ldq_be),
    FUNCTION(address_space_stb),
    FUNCTION(address_space_stw),
    FUNCTION(address_space_stw_le),
    FUNCTION(address_space_stw_be),
    FUNCTION(address_space_stl),
    FUNCTION(address_space_stl_le),
    FUNCTION(address_space_stl_be),
    FUNCTION(address_space_stq),
    FUNCTION(address_space_stq_le),
    FUNCTION(address_space_stq_be),
    FUNCTION(address_space_stl_notdirty),
    FUNCTION(address_space_translate),
    FUNCTION(address_space_access_valid),
    FUNCTION(address_space_map),
    FUNCTION(address_space_unmap),
};

const size_t api_names_2015_count =
    sizeof(api_names_2015) / sizeof(api_names_2015[0]);
