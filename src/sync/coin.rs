//! A coin: a choice that loom explores both ways.
//!
//! Loom branches over which thread goes on and over which store a load returns, and over nothing else that
//! a thread could do on its own. A coin makes use of the second. It is a flag that one thread sets, which
//! does nothing else but start the model and wait for its end; so the store happens before nothing
//! in the model. Hence a relaxed load may return it or still miss it, whichever thread loads and
//! whatever it has synchronised with. Loom explores both, and counts no preemption. Where the store
//! stands among what the others do is of no interest, so loom is told not to explore that: a flip costs
//! its two outcomes and nothing else.
//!
//! A flag that was once seen to be set stays so. A coin is therefore flipped until it shows heads, and is used up
//! by that. With `n` coins loom explores every way in which at most `n` of all flips of an execution
//! show heads: a bound of the kind that the one on preemptions is. It also ends the loops that go
//! round once more for each answer that was not true.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

struct Coin {
    shows_heads: AtomicBool,
    used: Cell<bool>,
}

// Std's, and not loom's: the threads of a model are coroutines on the thread that explores it, and what they
// share here is to order nothing between them.
std::thread_local! {
    static COINS: RefCell<Rc<[Coin]>> = RefCell::new(Rc::new([]));
}

/// Runs a model that has `n` coins, on a thread of its own if there are any.
pub(crate) fn with_coins(n: usize, model: impl FnOnce() + 'static) {
    let coins: Rc<[Coin]> = (0..n)
        .map(|_| Coin {
            shows_heads: AtomicBool::new(false),
            used: Cell::new(false),
        })
        .collect();
    COINS.set(Rc::clone(&coins));
    if n == 0 {
        return model();
    }
    let model = thread::spawn(model);
    loom::stop_exploring();
    for coin in &*coins {
        // ORDERING: relaxed. It is to be seen or not to be seen, and to order nothing.
        coin.shows_heads.store(true, Ordering::Relaxed);
    }
    loom::explore();
    model.join().unwrap();
}

/// Whether a coin shows heads. When all have done so, there are only tails.
pub(crate) fn flip() -> bool {
    // Not borrowed during the load, where another thread may get its turn, and use up the coin.
    let coins = COINS.with_borrow(Rc::clone);
    let Some(coin) = coins.iter().find(|coin| !coin.used.get()) else {
        return false;
    };
    // ORDERING: relaxed, that it may return either.
    coin.shows_heads.load(Ordering::Relaxed) && !coin.used.replace(true)
}
