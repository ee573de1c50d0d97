//! Tells rustdoc about `--cfg loom`.
//!
//! `RUSTFLAGS` reaches rustc and not rustdoc, so under `RUSTFLAGS="--cfg loom" cargo test` the
//! examples in the docs would be collected as usual and then linked against a library that works
//! inside a model only. With the flag repeated here, `lib.rs` leaves them out.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_LOOM").is_some() {
        println!("cargo::rustc-cfg=loom");
    }
}
