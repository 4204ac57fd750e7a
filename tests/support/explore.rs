//! How the models of loom are explored.

/// Explores `model`; `preemptions` bounds how often a thread is interrupted, which keeps larger models finite.
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    // More in the deep run.
    let more = std::env::var("TENFOLD_PREEMPTIONS")
        .ok()
        .and_then(|n| n.parse().ok());
    explore_only(more.unwrap_or(0).max(preemptions), model);
}

/// As [`explore`], for a model that is too large for more in any run.
pub(crate) fn explore_only(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    // A model that fills a table before it begins has a long way, without a choice.
    builder.max_branches = 10_000;
    builder.check(model);
}
