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

    /// Takes one number from the stock; `false` if there is none.
    #[inline]
    pub(crate) fn reserve(&self) -> bool {
        match self {
            Self::Plenty => true,
            // ORDERING: relaxed. The count guards nothing but itself.
            Self::Left(left) => left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                .is_ok(),
        }
    }

    /// Puts a number back that was not used.
    #[inline]
    pub(crate) fn release(&self) {
        if let Self::Left(left) = self {
            // ORDERING: as in `reserve`.
            left.fetch_add(1, Ordering::Relaxed);
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
        assert!(numbers.reserve());
        assert!(numbers.reserve());
        assert!(!numbers.reserve());
        assert!(numbers.is_empty());
        numbers.release();
        assert!(!numbers.is_empty());
        assert!(numbers.reserve());
        assert!(!numbers.reserve());
        assert!(!Numbers::after(u64::MAX).reserve());
    }

    #[test]
    fn a_young_dispatch_does_not_count() {
        assert!(matches!(Numbers::after(0), Numbers::Plenty));
        assert!(matches!(Numbers::after(u64::MAX / 2), Numbers::Plenty));
    }
}
