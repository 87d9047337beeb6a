/* names_2021.c - uses every name of the 2021 header: a file that compiles only
 * if they are all there, and a table of what they are. */
#include "memory/memory.h"
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
#ifndef IOMMU_MEMORY_REGION
#error "IOMMU_MEMORY_REGION is missing"
#endif
#ifndef RAM_DISCARD_MANAGER
#error "RAM_DISCARD_MANAGER is missing"
#endif
#ifndef IOMMU_ACCESS_FLAG
#error "IOMMU_ACCESS_FLAG is missing"
#endif
#ifndef IOMMU_NOTIFIER_FOREACH
#error "IOMMU_NOTIFIER_FOREACH is missing"
#endif
#ifndef memory_region_is_iommu
#error "memory_region_is_iommu is missing"
#endif
#ifndef address_space_ldub_cached_slow
#error "address_space_ldub_cached_slow is missing"
#endif
#ifndef address_space_stb_cached_slow
#error "address_space_stb_cached_slow is missing"
#endif

const ApiName api_names_2021[] = {
    STRING(TYPE_MEMORY_REGION),
    MACRO(MEMORY_REGION),
    TYPE(MemoryRegionClass),
    STRING(TYPE_IOMMU_MEMORY_REGION),
    MACRO(IOMMU_MEMORY_REGION),
    STRING(TYPE_RAM_DISCARD_MANAGER),
    MACRO(RAM_DISCARD_MANAGER),
    VALUE(MAX_PHYS_ADDR_SPACE_BITS),
    VALUE(MAX_PHYS_ADDR),
    VALUE(RAM_ADDR_INVALID),
    TYPE(ram_addr_t),
    TYPE(MemoryRegion),
    TYPE(MemoryRegionOps),
    TYPE(MemTxResult),
    VALUE(MEMTX_OK),
    TYPE(AddressSpace),
    TYPE(MemoryRegionSection),
    FUNCTION(MemoryRegionSection_eq),
    FUNCTION(memory_region_section_new_copy),
    FUNCTION(memory_region_section_free_copy),
    OPAQUE(FlatView),
    OPAQUE(FlatRange),
    TYPE(flatview_cb),
    FUNCTION(flatview_for_each_range),
    FUNCTION(address_space_to_flatview),
    OPAQUE(AddressSpaceDispatch),
    TYPE(MemoryListener),
    OPAQUE(CoalescedMemoryRange),
    OPAQUE(MemoryRegionIoeventfd),
    TYPE(EventNotifier),
    TYPE(ReservedRegion),
    TYPE(IOMMUTLBEntry),
    TYPE(IOMMUAccessFlags),
    VALUE(IOMMU_NONE),
    VALUE(IOMMU_RO),
    VALUE(IOMMU_WO),
    MACRO(IOMMU_ACCESS_FLAG),
    TYPE(IOMMUMemoryRegion),
    TYPE(IOMMUMemoryRegionClass),
    {"IOMMUMemoryRegionAttr", "type", NULL, sizeof(enum IOMMUMemoryRegionAttr)},
    VALUE(IOMMU_ATTR_SPAPR_TCE_FD),
    FUNCTION(memory_region_iommu_get_attr),
    MEMBER(IOMMUMemoryRegionClass, iommu_set_page_size_mask),
    FUNCTION(memory_region_iommu_set_page_size_mask),
    TYPE(IOMMUNotifier),
    TYPE(IOMMUNotify),
    TYPE(IOMMUNotifierFlag),
    VALUE(IOMMU_NOTIFIER_NONE),
    VALUE(IOMMU_NOTIFIER_UNMAP),
    VALUE(IOMMU_NOTIFIER_MAP),
    VALUE(IOMMU_NOTIFIER_DEVIOTLB_UNMAP),
    VALUE(IOMMU_NOTIFIER_IOTLB_EVENTS),
    VALUE(IOMMU_NOTIFIER_DEVIOTLB_EVENTS),
    VALUE(IOMMU_NOTIFIER_ALL),
    MACRO(IOMMU_NOTIFIER_FOREACH),
    TYPE(IOMMUTLBEvent),
    FUNCTION(iommu_notifier_init),
    MEMBER(IOMMUNotifier, iommu_idx),
    MEMBER(IOMMUMemoryRegion, iommu_notify),
    MEMBER(IOMMUMemoryRegion, iommu_notify_flags),
    FUNCTION(memory_region_register_iommu_notifier),
    FUNCTION(memory_region_unregister_iommu_notifier),
    FUNCTION(memory_region_notify_iommu),
    FUNCTION(memory_region_notify_iommu_one),
    FUNCTION(memory_region_iommu_replay),
    FUNCTION(memory_region_iommu_get_min_page_size),
    FUNCTION(memory_region_iommu_attrs_to_index),
    FUNCTION(memory_region_iommu_num_indexes),
    VALUE(RAM_PREALLOC),
    VALUE(RAM_SHARED),
    VALUE(RAM_RESIZEABLE),
    VALUE(RAM_UF_ZEROPAGE),
    VALUE(RAM_MIGRATABLE),
    VALUE(RAM_PMEM),
    VALUE(RAM_UF_WRITEPROTECT),
    VALUE(RAM_NORESERVE),
    VALUE(RAM_PROTECTED),
    OPAQUE(RamDiscardManager),
    TYPE(RamDiscardManagerClass),
    TYPE(RamDiscardListener),
    TYPE(NotifyRamPopulate),
    TYPE(NotifyRamDiscard),
    TYPE(ReplayRamPopulate),
    FUNCTION(ram_discard_listener_init),
    FUNCTION(ram_discard_manager_get_min_granularity),
    FUNCTION(ram_discard_manager_is_populated),
    FUNCTION(ram_discard_manager_replay_populated),
    FUNCTION(ram_discard_manager_register_listener),
    FUNCTION(ram_discard_manager_unregister_listener),
    FUNCTION(memory_region_get_ram_discard_manager),
    FUNCTION(memory_region_has_ram_discard_manager),
    FUNCTION(memory_region_set_ram_discard_manager),
    FUNCTION(ram_block_discard_disable),
    FUNCTION(ram_block_uncoordinated_discard_disable),
    FUNCTION(ram_block_discard_require),
    FUNCTION(ram_block_coordinated_discard_require),
    FUNCTION(ram_block_discard_is_disabled),
    FUNCTION(ram_block_discard_is_required),
    FUNCTION(memory_region_init),
    FUNCTION(memory_region_init_io),
    FUNCTION(memory_region_init_ram),
    FUNCTION(memory_region_init_rom),
    FUNCTION(memory_region_init_rom_device),
    FUNCTION(memory_region_init_ram_nomigrate),
    FUNCTION(memory_region_init_ram_flags_nomigrate),
    FUNCTION(memory_region_init_rom_nomigrate),
    FUNCTION(memory_region_init_rom_device_nomigrate),
    FUNCTION(memory_region_init_ram_ptr),
    FUNCTION(memory_region_init_ram_device_ptr),
    FUNCTION(memory_region_is_ram_device),
    FUNCTION(memory_region_init_resizeable_ram),
    FUNCTION(memory_region_ram_resize),
    FUNCTION(memory_region_init_ram_from_file),
    FUNCTION(memory_region_init_ram_from_fd),
    FUNCTION(memory_region_get_fd),
    FUNCTION(memory_region_msync),
    FUNCTION(memory_region_writeback),
    FUNCTION(memory_region_init_alias),
    FUNCTION(memory_region_init_iommu),
    FUNCTION(memory_region_get_iommu),
    FUNCTION(memory_region_get_iommu_class_nocheck),
    MACRO(memory_region_is_iommu),
    FUNCTION(memory_region_ref),
    FUNCTION(memory_region_unref),
    FUNCTION(memory_region_owner),
    FUNCTION(memory_region_size),
    FUNCTION(memory_region_name),
    FUNCTION(memory_region_is_ram),
    FUNCTION(memory_region_is_rom),
    FUNCTION(memory_region_is_romd),
    FUNCTION(memory_region_is_nonvolatile),
    FUNCTION(memory_region_set_nonvolatile),
    FUNCTION(memory_region_is_protected),
    FUNCTION(memory_region_get_alignment),
    FUNCTION(memory_region_get_ram_addr),
    MEMBER(MemoryRegion, ram_block),
    FUNCTION(qemu_map_ram_ptr),
    FUNCTION(memory_region_get_ram_ptr),
    FUNCTION(memory_region_from_host),
    FUNCTION(memory_region_set_log),
    FUNCTION(memory_region_is_logging),
    FUNCTION(memory_region_get_dirty_log_mask),
    FUNCTION(memory_region_set_dirty),
    FUNCTION(memory_region_reset_dirty),
    FUNCTION(memory_region_snapshot_and_clear_dirty),
    FUNCTION(memory_region_snapshot_get_dirty),
    OPAQUE(DirtyBitmapSnapshot),
    FUNCTION(memory_region_clear_dirty_bitmap),
    FUNCTION(memory_region_flush_rom_device),
    VALUE(DIRTY_MEMORY_VGA),
    VALUE(DIRTY_MEMORY_MIGRATION),
    FUNCTION(memory_global_dirty_log_start),
    FUNCTION(memory_global_dirty_log_stop),
    FUNCTION(memory_global_dirty_log_sync),
    FUNCTION(memory_global_after_dirty_log_sync),
    VALUE(global_dirty_log),
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
    FUNCTION(address_space_remove_listeners),
    FUNCTION(mtree_info),
    FUNCTION(memory_region_dispatch_read),
    FUNCTION(memory_region_dispatch_write),
    FUNCTION(address_space_init),
    FUNCTION(address_space_destroy),
    FUNCTION(address_space_rw),
    FUNCTION(address_space_read),
    FUNCTION(address_space_write),
    FUNCTION(address_space_read_full),
    FUNCTION(flatview_read_continue),
    FUNCTION(address_space_write_rom),
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
    TYPE(MemoryRegionCache),
    {"MEMORY_REGION_CACHE_INVALID", "object", NULL,
     sizeof(MEMORY_REGION_CACHE_INVALID)},
    FUNCTION(address_space_cache_init),
    FUNCTION(address_space_cache_invalidate),
    FUNCTION(address_space_cache_destroy),
    FUNCTION(address_space_ldub_cached),
    FUNCTION(address_space_stb_cached),
    FUNCTION(address_space_read_cached),
    FUNCTION(address_space_write_cached),
    MACRO(address_space_ldub_cached_slow),
    MACRO(address_space_stb_cached_slow),
    FUNCTION(address_space_read_cached_slow),
    FUNCTION(address_space_write_cached_slow),
    FUNCTION(address_space_get_iotlb_entry),
    FUNCTION(address_space_translate),
    FUNCTION(flatview_translate),
    FUNCTION(address_space_access_valid),
    FUNCTION(address_space_map),
    FUNCTION(address_space_unmap),
    FUNCTION(memory_access_is_direct),
    FUNCTION(devend_memop),
    VALUE(DEVICE_HOST_ENDIAN),
    VALUE(DEVICE_LITTLE_ENDIAN),
    VALUE(DEVICE_BIG_ENDIAN),
    VALUE(MO_BSWAP),
    FUNCTION(fuzz_dma_read_cb),
};

const size_t api_names_2021_count =
    sizeof(api_names_2021) / sizeof(api_names_2021[0]);

const ApiName api_names_templates[] = {
    FUNCTION(ldub_phys),
    FUNCTION(stb_phys),
    FUNCTION(ldub_phys_cached),
    FUNCTION(stb_phys_cached),
    FUNCTION(address_space_ldub_cached),
    FUNCTION(address_space_stb_cached),
    FUNCTION(lduw_phys),
    FUNCTION(stw_phys),
    FUNCTION(lduw_le_phys),
    FUNCTION(stw_le_phys),
    FUNCTION(lduw_le_phys_cached),
    FUNCTION(stw_le_phys_cached),
    FUNCTION(address_space_lduw_le_cached),
    FUNCTION(address_space_stw_le_cached),
    FUNCTION(lduw_be_phys),
    FUNCTION(stw_be_phys),
    FUNCTION(lduw_be_phys_cached),
    FUNCTION(stw_be_phys_cached),
    FUNCTION(address_space_lduw_be_cached),
    FUNCTION(address_space_stw_be_cached),
    FUNCTION(ldl_phys),
    FUNCTION(stl_phys),
    FUNCTION(ldl_le_phys),
    FUNCTION(stl_le_phys),
    FUNCTION(ldl_le_phys_cached),
    FUNCTION(stl_le_phys_cached),
    FUNCTION(address_space_ldl_le_cached),
    FUNCTION(address_space_stl_le_cached),
    FUNCTION(ldl_be_phys),
    FUNCTION(stl_be_phys),
    FUNCTION(ldl_be_phys_cached),
    FUNCTION(stl_be_phys_cached),
    FUNCTION(address_space_ldl_be_cached),
    FUNCTION(address_space_stl_be_cached),
    FUNCTION(ldq_phys),
    FUNCTION(stq_phys),
    FUNCTION(ldq_le_phys),
    FUNCTION(stq_le_phys),
    FUNCTION(ldq_le_phys_cached),
    FUNCTION(stq_le_phys_cached),
    FUNCTION(address_space_ldq_le_cached),
    FUNCTION(address_space_stq_le_cached),
    FUNCTION(ldq_be_phys),
    FUNCTION(stq_be_phys),
    FUNCTION(ldq_be_phys_cached),
    FUNCTION(stq_be_phys_cached),
    FUNCTION(address_space_ldq_be_cached),
    FUNCTION(address_space_stq_be_cached),
};

const size_t api_names_templates_count =
    sizeof(api_names_templates) / sizeof(api_names_templates[0]);
