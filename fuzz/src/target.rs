//! What makes a program a fuzz target.

/// Defines the entry points of a target that runs programs of one kind.
///
/// The second is for AddressSanitizer. By default it keeps 256 MB of what was freed and a stack of thirty frames for
/// each allocation, which takes most of the time of programs that allocate much and are over soon.
#[macro_export]
macro_rules! target {
    ($program:ty) => {
        libfuzzer_sys::fuzz_target!(|program: $program| program.run());

        // SAFETY: the sanitizer looks for a function of this name and type, and nothing else has the name.
        #[unsafe(no_mangle)]
        extern "C" fn __asan_default_options() -> *const std::ffi::c_char {
            c"quarantine_size_mb=4:thread_local_quarantine_size_kb=64:malloc_context_size=4:detect_stack_use_after_return=0".as_ptr()
        }
    };
}
