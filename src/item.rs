//! What a lane holds.

use crate::parcel::Parcel;

/// A parcel, and the number it came with.
pub(crate) struct Item<T> {
    /// The number, in a forwarding dispatch; in a serializing one it is 0, and the engine gives one.
    pub(crate) seq: u64,
    pub(crate) parcel: Parcel<T>,
}

impl<T> Item<T> {
    /// A parcel without a number.
    pub(crate) fn unnumbered(parcel: Parcel<T>) -> Self {
        Self { seq: 0, parcel }
    }
}
