//! What the fuzz targets consist of: programs of operations, and the models that their results are held against.

mod common;
pub mod forwarding;
mod handle;
pub mod lifecycle;
pub mod serializing;
mod target;
mod task;
pub mod threads;
mod value;
