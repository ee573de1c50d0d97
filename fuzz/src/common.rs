//! Shared with the tests.

#[path = "../../tests/common/model.rs"]
pub(crate) mod model;
