//! Loops compiled for what the processor has, found out when they run.

#![allow(unsafe_code)]

/// A computation that gains from wide vectors.
pub(crate) trait Kernel {
    type Output;

    /// To be `#[inline(always)]`, like all that it calls: what is not inlined is compiled for any processor.
    fn run(self) -> Self::Output;
}

/// Runs a kernel in a version for this processor.
pub(crate) fn vectorised<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn wide<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        // SAFETY: this processor has AVX2.
        return unsafe { wide(kernel) };
    }
    kernel.run()
}
