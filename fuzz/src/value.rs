//! Values that are counted, each for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// How many values a program can make.
pub const VALUES: usize = 256;

/// Makes values, and knows how many there are of each.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<[AtomicU8; VALUES]>);

/// A value. A clone is one more of the same id.
#[derive(Debug)]
pub struct Value {
    // On the heap, so that a sanitizer sees whoever uses it after it was dropped.
    id: Box<u16>,
    ledger: Ledger,
}

impl Ledger {
    pub fn new() -> Self {
        Self(Arc::new([const { AtomicU8::new(0) }; VALUES]))
    }

    pub fn value(&self, id: u16) -> Value {
        self.count(id).fetch_add(1, Ordering::Relaxed);
        Value {
            id: Box::new(id),
            ledger: self.clone(),
        }
    }

    /// How many there are of a value.
    fn count(&self, id: u16) -> &AtomicU8 {
        &self.0[usize::from(id)]
    }

    /// The first id of the `made` ones of which there is still a value.
    pub fn left(&self, made: usize) -> Option<usize> {
        let counts = self.0[..made].iter();
        counts
            .map(|n| n.load(Ordering::Acquire))
            .position(|n| n > 0)
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

impl Value {
    pub fn id(&self) -> u16 {
        *self.id
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.ledger.value(self.id())
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        let before = self.ledger.count(self.id()).fetch_sub(1, Ordering::Release);
        assert!(before > 0, "value {} is dropped once too often", self.id);
    }
}
