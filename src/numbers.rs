//! How many numbers are left.

use crate::sync::atomic::{AtomicU64, Ordering};

/// As many numbers as no dispatch uses up: at a billion messages a second they last for 36 years.
const PLENTY: u64 = 1 << 60;

/// The stock of numbers, from which every message reserves one before it is sent.
///
/// A message that is in a lane can always be numbered, then, and a send that cannot be is refused
/// while the caller still has the value. A dispatch that starts with plenty of numbers does not
/// count them.
#[derive(Debug)]
pub(crate) enum Numbers {
    Plenty,
    Left(AtomicU64),
}

impl Numbers {
    /// The numbers above `start`.
    pub(crate) fn after(start: u64) -> Self {
        let left = u64::MAX - start;
        if left >= PLENTY {
            Self::Plenty
        } else {
            Self::Left(AtomicU64::new(left))
        }
    }

    /// Takes `count` numbers from the stock; `false`, and none are taken, if there are not so many.
    #[inline]
    pub(crate) fn reserve(&self, count: u64) -> bool {
        match self {
            Self::Plenty => true,
            // ORDERING: relaxed. The count guards nothing but itself.
            Self::Left(left) => left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                    n.checked_sub(count)
                })
                .is_ok(),
        }
    }

    /// Puts numbers back that were not used.
    #[inline]
    pub(crate) fn release(&self, count: u64) {
        if let Self::Left(left) = self {
            // ORDERING: as in `reserve`.
            left.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Whether none are left.
    pub(crate) fn is_empty(&self) -> bool {
        // ORDERING: as in `reserve`.
        matches!(self, Self::Left(left) if left.load(Ordering::Relaxed) == 0)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Numbers;

    #[test]
    fn the_last_number_is_given_once() {
        let numbers = Numbers::after(u64::MAX - 2);
        assert!(numbers.reserve(1));
        assert!(numbers.reserve(1));
        assert!(!numbers.reserve(1));
        assert!(numbers.is_empty());
        numbers.release(1);
        assert!(!numbers.is_empty());
        assert!(numbers.reserve(1));
        assert!(!numbers.reserve(1));
        assert!(!Numbers::after(u64::MAX).reserve(1));
    }

    #[test]
    fn a_young_dispatch_does_not_count() {
        assert!(matches!(Numbers::after(0), Numbers::Plenty));
        assert!(matches!(Numbers::after(u64::MAX / 2), Numbers::Plenty));
    }
}
