//! A value on its way from a sender to one receiver or to all.

use std::sync::{Arc, Mutex};

use crate::contained::Contained;
use crate::ticket::Bundle;

/// What a lane and an inbox hold.
pub(crate) enum Parcel<T> {
    /// A value for one receiver.
    Own(Contained<T>),
    /// One receiver's share in a broadcast value.
    Shared(Arc<dyn Share<T>>),
}

/// A broadcast value, which receivers copy.
///
/// A trait object, because a receiver does not know that `T: Clone`, and because only here
/// is it known that `T: Sync`, which handing one value to several threads needs.
pub(crate) trait Share<T>: Send + Sync {
    /// Clones the value. User code runs, and may panic.
    fn copy(&self) -> T;

    /// The value itself, if this was the last share.
    fn take(self: Arc<Self>) -> Option<T>;

    /// What there is instead of a value.
    fn blank(&self) -> Option<Blank> {
        None
    }

    /// Whether there is a bundle instead of a value.
    fn is_bundle(&self) -> bool {
        false
    }

    /// The bundle.
    fn into_bundle(self: Arc<Self>) -> Option<Bundle<T>> {
        None
    }
}

/// In a lane there may be a bundle instead of a value. A kind of share as well, so that parcels do not grow for its
/// sake; never shared, and the lock, which nobody takes, is there because shares are `Sync`.
impl<T: Send> Share<T> for Mutex<Bundle<T>> {
    fn copy(&self) -> T {
        unreachable!("a bundle goes to no receiver")
    }

    fn take(self: Arc<Self>) -> Option<T> {
        None
    }

    fn is_bundle(&self) -> bool {
        true
    }

    fn into_bundle(self: Arc<Self>) -> Option<Bundle<T>> {
        Arc::into_inner(self)?.into_inner().ok()
    }
}

/// What there may be in a lane instead of a value. A kind of share, so that parcels do not grow for its sake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Blank {
    /// The number has no message.
    Nothing,
    /// Nothing numbered up to here follows.
    Promise,
    /// It only takes up the place, in a lane that is closed.
    Plug,
}

impl<T> Share<T> for Blank {
    fn copy(&self) -> T {
        unreachable!("a parcel without a value goes to no receiver")
    }

    fn take(self: Arc<Self>) -> Option<T> {
        None
    }

    fn blank(&self) -> Option<Blank> {
        Some(*self)
    }
}

impl<T: Clone + Send + Sync> Share<T> for Contained<T> {
    fn copy(&self) -> T {
        self.get().clone()
    }

    fn take(self: Arc<Self>) -> Option<T> {
        Arc::into_inner(self).map(Contained::into_inner)
    }
}

impl<T> Parcel<T> {
    pub(crate) fn own(value: T) -> Self {
        Self::Own(Contained::new(value))
    }

    pub(crate) fn shared(value: T) -> Self
    where
        T: Clone + Send + Sync + 'static,
    {
        Self::Shared(Arc::new(Contained::new(value)))
    }

    /// Several parcels, or one, that are numbered together.
    pub(crate) fn bundle(bundle: Bundle<T>) -> Self
    where
        T: Send + 'static,
    {
        Self::Shared(Arc::new(Mutex::new(bundle)))
    }

    /// The bundle, if it is one.
    #[inline]
    pub(crate) fn into_bundle(self) -> Result<Bundle<T>, Self> {
        match self {
            Self::Shared(share) if share.is_bundle() => {
                Ok(share.into_bundle().expect("a bundle is not shared"))
            }
            parcel => Err(parcel),
        }
    }

    /// A parcel without a value.
    pub(crate) fn without_value(blank: Blank) -> Self {
        Self::Shared(Arc::new(blank))
    }

    /// What there is instead of a value.
    #[inline]
    pub(crate) fn blank(&self) -> Option<Blank> {
        match self {
            Self::Own(_) => None,
            Self::Shared(share) => share.blank(),
        }
    }

    /// Another share of a broadcast; `None` for a value that has one receiver.
    fn share(&self) -> Option<Self> {
        match self {
            Self::Own(_) => None,
            Self::Shared(share) => Some(Self::Shared(Arc::clone(share))),
        }
    }

    /// Shares for `count` receivers. The last one is this parcel, so that it is not the engine that drops it, unless
    /// there is no receiver.
    pub(crate) fn shares(self, count: usize) -> impl Iterator<Item = Self> {
        let mut parcel = Some(self);
        (1..=count).map(move |n| {
            let share = if n == count {
                parcel.take()
            } else {
                parcel.as_ref().and_then(Self::share)
            };
            share.expect("a broadcast has a share for each")
        })
    }

    /// A share of this broadcast to copy the value from; `None` if the value can be taken instead.
    #[inline]
    pub(crate) fn share_unless_last(&self) -> Option<Arc<dyn Share<T>>> {
        match self {
            Self::Own(_) => None,
            // The count cannot rise again from one: this is the only share there is to clone from.
            Self::Shared(share) if Arc::strong_count(share) == 1 => None,
            Self::Shared(share) => Some(Arc::clone(share)),
        }
    }

    /// The value, if it can be had without running user code: it was for one receiver, or this is the
    /// last share.
    #[inline]
    pub(crate) fn take(self) -> Option<T> {
        match self {
            Self::Own(value) => Some(value.into_inner()),
            Self::Shared(share) => share.take(),
        }
    }
}
