//! Slots of a group by the comparison of sixteen bytes that every x86-64 has: see `lanes.rs`.
#![expect(
    unsafe_code,
    reason = "the processor's comparison of sixteen bytes at once, which is unsafe to call"
)]

use std::arch::x86_64::{
    _mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_movemask_epi8, _mm_set1_epi8, _mm_unpacklo_epi8,
};

/// A bit each, and one behind the last.
#[derive(Clone, Copy)]
pub(super) struct Bits(u32);

impl Bits {
    #[inline(always)]
    pub(super) fn equal([first, second]: [u64; 2], byte: u8) -> Self {
        #[expect(
            clippy::multiple_unsafe_ops_per_block,
            reason = "one comparison, in six instructions"
        )]
        // SAFETY: these instructions are part of x86-64, and touch no memory.
        let bits = unsafe {
            let first = _mm_cvtsi64_si128(first as i64);
            let both = _mm_unpacklo_epi8(first, _mm_cvtsi64_si128(second as i64));
            let byte = _mm_set1_epi8(byte as i8);
            _mm_movemask_epi8(_mm_cmpeq_epi8(both, byte))
        };
        Self(bits as u32 & 0x3FFF | 0x4000)
    }

    #[inline(always)]
    pub(super) fn first(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    #[inline]
    pub(super) fn drop_first(&mut self) {
        self.0 = (self.0 & self.0.wrapping_sub(1)).max(0x4000);
    }
}
