//! Nobody who listens.

use super::Listener;

/// In place of a listener whose feature is not there.
#[derive(Clone)]
pub(super) struct Silent;

impl Listener for Silent {
    type Wait = Self;

    fn new(_dispatcher: &str) -> Self {
        Self
    }

    fn send_blocked(&self, _id: u64, _target: Option<&str>) -> Self {
        Self
    }

    fn receive_parked(&self, _receiver: &str) -> Self {
        Self
    }
}
