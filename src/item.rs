//! What a lane holds, and an inbox.

use crate::parcel::Parcel;

/// A parcel with its number.
pub(crate) struct Item<T> {
    /// In a lane, the number it came with in a forwarding dispatch; in a serializing one 0, until the engine gives one.
    pub(crate) seq: u64,
    pub(crate) parcel: Parcel<T>,
}

impl<T> Item<T> {
    /// A parcel without a number.
    pub(crate) fn unnumbered(parcel: Parcel<T>) -> Self {
        Self { seq: 0, parcel }
    }
}
