//! How a model is run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Explores every execution of a primitive.
pub(crate) fn all(name: &str, model: impl Fn() + Send + Sync + 'static) {
    explore(name, None, model);
}

/// Explores the executions with at most `preemptions` preemptions, or with as many as
/// `LOOM_MAX_PREEMPTIONS` says.
pub(crate) fn bounded(name: &str, preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    explore(name, Some(preemptions), model);
}

fn explore(name: &str, preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
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
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let executions = executions.load(Ordering::Relaxed);
    println!("model {name}: {executions} executions ({bound})");
    assert!(
        executions > 1,
        "{name} explored one execution only: nothing runs concurrently in it"
    );
}
