"""Where the numbers of arrays lie, for records of the C headers. Their owner keeps the arrays.

No Python runs here: the engine takes addresses while Ctrl-C must not raise.
"""

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from libc.stdint cimport int32_t, int64_t, uint16_t, uint64_t
from libc.string cimport strchr


cdef inline void *_address(array, const char *formats, Py_ssize_t size, int flags) except? NULL:
    cdef Py_buffer view
    PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags)
    cdef void *first = view.buf
    cdef bint fits = view.itemsize == size and strchr(formats, view.format[0]) != NULL
    PyBuffer_Release(&view)
    if not fits:
        raise TypeError(f"an array of {array.dtype} where the engine needs another type")
    return first


cdef inline double *doubles(array) except? NULL:
    return <double *>_address(array, b"df", 8, PyBUF_WRITABLE)


cdef inline const double *const_doubles(array) except? NULL:
    return <const double *>_address(array, b"df", 8, 0)


cdef inline float *floats(array) except? NULL:
    return <float *>_address(array, b"df", 4, PyBUF_WRITABLE)


cdef inline const float *const_floats(array) except? NULL:
    return <const float *>_address(array, b"df", 4, 0)


cdef inline int64_t *int64s(array) except? NULL:
    return <int64_t *>_address(array, b"ilq", 8, PyBUF_WRITABLE)


cdef inline const int64_t *const_int64s(array) except? NULL:
    return <const int64_t *>_address(array, b"ilq", 8, 0)


cdef inline int32_t *int32s(array) except? NULL:
    return <int32_t *>_address(array, b"ilq", 4, PyBUF_WRITABLE)


cdef inline const int32_t *const_int32s(array) except? NULL:
    return <const int32_t *>_address(array, b"ilq", 4, 0)


cdef inline unsigned char *octets(array) except? NULL:
    return <unsigned char *>_address(array, b"BILQ", 1, PyBUF_WRITABLE)


cdef inline const unsigned char *const_octets(array) except? NULL:
    return <const unsigned char *>_address(array, b"BILQ?", 1, 0)


cdef inline const uint16_t *const_uint16s(array) except? NULL:
    return <const uint16_t *>_address(array, b"H", 2, 0)


cdef inline uint64_t *uint64s(array) except? NULL:
    return <uint64_t *>_address(array, b"BILQ", 8, PyBUF_WRITABLE)
