//! How often to do something.

/// `n`, or a good deal fewer where each takes long.
pub(crate) fn rounds(n: u64) -> u64 {
    if cfg!(miri) { n.div_ceil(200) } else { n }
}
