/* Sizes of structs and offsets of fields as C has them, for tests/fortran/raw.f90. */
#include <atlas.h>

size_t layout_of(int32_t what) {
    switch (what) {
    case 1: return sizeof(atlas_create_options);
    case 2: return offsetof(atlas_create_options, cache_bytes);
    case 3: return offsetof(atlas_create_options, write_buffer_bytes);
    case 4: return sizeof(atlas_open_options);
    case 5: return offsetof(atlas_open_options, write_buffer_bytes);
    case 6: return sizeof(atlas_store_description);
    case 7: return offsetof(atlas_store_description, dead_bytes);
    case 8: return sizeof(atlas_array_options);
    case 9: return offsetof(atlas_array_options, fill_value);
    case 10: return sizeof(atlas_array_description);
    case 11: return offsetof(atlas_array_description, fill_value);
    case 12: return sizeof(atlas_stats);
    case 13: return offsetof(atlas_stats, max_uint);
    case 14: return offsetof(atlas_create_options, keep_generations);
    case 15: return offsetof(atlas_create_options, pack);
    case 16: return offsetof(atlas_array_options, pack);
    case 17: return offsetof(atlas_array_description, pack);
    case 18: return offsetof(atlas_store_description, keep_generations);
    case 19: return offsetof(atlas_array_description, has_fill_value);
    case 20: return sizeof(atlas_chunk_place);
    case 21: return offsetof(atlas_chunk_place, shuffle);
    case 22: return offsetof(atlas_create_options, if_exists);
    case 23: return offsetof(atlas_create_options, lock_timeout_ms);
    case 24: return offsetof(atlas_create_options, float_overflow);
    case 25: return offsetof(atlas_open_options, lock_timeout_ms);
    case 26: return offsetof(atlas_open_options, float_overflow);
    case 27: return offsetof(atlas_array_options, unlimited);
    case 28: return offsetof(atlas_array_description, unlimited);
    case 29: return sizeof(atlas_datetime);
    case 30: return offsetof(atlas_datetime, nanosecond);
    case 31: return offsetof(atlas_create_options, filter);
    case 32: return offsetof(atlas_array_options, keep_bits);
    case 33: return offsetof(atlas_array_description, keep_bits);
    case 34: return offsetof(atlas_chunk_place, delta);
    case 35: return offsetof(atlas_open_options, ticket_length);
    case 36: return sizeof(atlas_session_options);
    case 37: return offsetof(atlas_session_options, workers);
    case 40: return offsetof(atlas_array_description, piece_shape);
    default: return 0;
    }
}
