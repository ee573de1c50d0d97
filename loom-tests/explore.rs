//! How a model is run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clocked_lanes::models::with_coins;

/// Explores every execution of a primitive.
pub(crate) fn all(name: &str, model: impl Fn() + Send + Sync + 'static) {
    explore(name, None, model);
}

/// Explores the executions with at most `preemptions` preemptions, or with as many as
/// `LOOM_MAX_PREEMPTIONS` says. One answer of a lane's `Select`, at most, is not the obvious one.
pub(crate) fn bounded(name: &str, preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    explore(name, Some(preemptions), model);
}

/// Runs what one thread does on its own.
pub(crate) fn once(model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    loom::model(move || {
        let model = Arc::clone(&model);
        with_coins(0, move || model());
    });
}

fn explore(name: &str, preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let coins = usize::from(preemptions.is_some());
    let mut builder = loom::model::Builder::new();
    builder.max_branches = builder.max_branches.max(50_000);
    builder.preemption_bound = match preemptions {
        None => None,
        bound => builder.preemption_bound.or(bound),
    };
    let bound = match builder.preemption_bound {
        None => "all".to_owned(),
        Some(bound) => format!("up to {bound} preemptions"),
    };
    let executions = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&executions);
    let model = Arc::new(model);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let model = Arc::clone(&model);
        with_coins(coins, move || model());
    });
    let executions = executions.load(Ordering::Relaxed);
    println!("model {name}: {executions} executions ({bound})");
    // Without a thread of its own, a dispatch that one thread uses has nothing that is concurrent.
    assert!(
        executions > 1 || cfg!(clocked_lanes_inline),
        "{name} explored one execution only: nothing runs concurrently in it"
    );
}
