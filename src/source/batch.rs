//! How messages are sent whose numbers are waited for, or follow one another.

use std::ops::RangeInclusive;

use crate::lane::NotPut;
use crate::parcel::Parcel;
use crate::ticket::Bundle;
use crate::{SendBatchError, SendError, Seq};

use super::Source;
use super::waiting::Patience;

impl<T: Send + 'static> Source<T> {
    /// Sends a message, and waits for its number.
    pub(crate) fn send_sequenced(&self, parcel: Parcel<T>) -> Result<Seq, SendError<T>> {
        self.send_bundle_sequenced(vec![parcel])
            .map(Seq::from)
            .map_err(|parcels| {
                let value = parcels.into_iter().find_map(Parcel::take);
                SendError(value.expect("a message that was not sent is whole"))
            })
    }

    /// Sends a batch.
    pub(crate) fn send_batch(&self, parcels: Vec<Parcel<T>>) -> Result<(), SendBatchError<T>> {
        let parcels = self.checked(parcels)?;
        if parcels.is_empty() {
            return Ok(());
        }
        self.put_bundle(Bundle::new(parcels))
            .map_err(|parcels| SendBatchError::Disconnected(values_of(parcels)))
    }

    /// Sends a batch, and waits for its numbers.
    pub(crate) fn send_batch_sequenced(
        &self,
        parcels: Vec<Parcel<T>>,
    ) -> Result<RangeInclusive<Seq>, SendBatchError<T>> {
        let parcels = self.checked(parcels)?;
        let Some(more) = (parcels.len() as u64).checked_sub(1) else {
            return Ok(no_numbers());
        };
        self.send_bundle_sequenced(parcels)
            .map(|first| Seq::from(first)..=Seq::from(first + more))
            .map_err(|parcels| SendBatchError::Disconnected(values_of(parcels)))
    }

    /// Hands a batch back that is too large for any receiver concerned.
    pub(super) fn checked(
        &self,
        parcels: Vec<Parcel<T>>,
    ) -> Result<Vec<Parcel<T>>, SendBatchError<T>> {
        // All receivers of a dispatcher have the same capacity.
        if parcels.len() > self.connection.core().capacity() {
            return Err(SendBatchError::TooLarge(values_of(parcels)));
        }
        Ok(parcels)
    }

    fn send_bundle_sequenced(&self, parcels: Vec<Parcel<T>>) -> Result<u64, Vec<Parcel<T>>> {
        let (bundle, ticket) = Bundle::with_ticket(parcels);
        self.put_bundle(bundle)?;
        ticket.wait(&self.connection)
    }

    fn put_bundle(&self, bundle: Bundle<T>) -> Result<(), Vec<Parcel<T>>> {
        let count = bundle.len();
        let parcel = Parcel::bundle(bundle);
        self.put_counted(parcel, count, Patience::Endless)
            .map_err(|not_put| match not_put {
                NotPut::Full(item) | NotPut::Closed(item) => parcels_of(item.parcel),
            })
    }
}

/// The numbers of a batch without messages.
pub(super) fn no_numbers() -> RangeInclusive<Seq> {
    Seq::from(1)..=Seq::from(0)
}

/// What a bundle that was not sent consists of.
pub(super) fn parcels_of<T>(parcel: Parcel<T>) -> Vec<Parcel<T>> {
    match parcel.into_bundle() {
        Ok(bundle) => bundle.into_parcels(),
        Err(parcel) => vec![parcel],
    }
}

pub(super) fn values_of<T>(parcels: Vec<Parcel<T>>) -> Vec<T> {
    parcels.into_iter().filter_map(Parcel::take).collect()
}
