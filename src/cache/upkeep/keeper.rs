//! Who runs the passes. It does not keep the cache alive, and ends with its last handle.

use std::hash::{BuildHasher, Hash as Hashable};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::bell::Keep;
use super::gate::{Gate, Handle};
use crate::cache::core::Core;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::{AtomicBool, Ordering};
use crate::kernel::upkeep::{Nudger, Periodic, Upkeep, shielded};
use crate::kernel::workers::{Executor, Task};

/// After this long the workers are asked again that had no place for a pass.
const AFTER_REFUSAL: Duration = Duration::from_millis(10);

/// The cache, as long as somebody else keeps it.
struct Kept<K, V, S> {
    core: Weak<Core<K, V, S>>,
    executor: Executor,
    /// Whether there is a pass, or will be.
    at_work: Arc<AtomicBool>,
    gate: Arc<Gate>,
}

impl<K, V, S> Upkeep for Kept<K, V, S>
where
    K: Eq + Hashable + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    fn upkeep(&self, now: Tick) -> Option<Tick> {
        if self.at_work.swap(true, Ordering::SeqCst) {
            // It looks at the bell when it is over.
            return None;
        }
        let (core, at_work, gate) = (self.core.clone(), self.at_work.clone(), self.gate.clone());
        let job = Box::new(move || {
            let Some(core) = core.upgrade().filter(|_| gate.enter()) else {
                return;
            };
            if shielded(|| core.pass(&at_work)).is_none() {
                // A clock that panics: the next change rings.
                at_work.store(false, Ordering::SeqCst);
            }
            // The last one, if somebody did not want to wait.
            shielded(|| drop(core));
            gate.leave();
        });
        if self.executor.execute(Task::Theirs, job).is_err() {
            self.at_work.store(false, Ordering::SeqCst);
            return Some(now.saturating_add(AFTER_REFUSAL));
        }
        None
    }
}

struct Keeper<U: Upkeep> {
    nudger: Nudger<U, Arc<dyn Clock>>,
    /// Ends with this.
    _periodic: Periodic<U, Arc<dyn Clock>>,
}

impl<U: Upkeep> Keep for Keeper<U> {
    fn nudge(&self, due: Tick) {
        self.nudger.nudge(due);
    }
}

/// Has a cache kept up, as long as the handle lives.
pub(in crate::cache) fn keep<K, V, S>(core: &Arc<Core<K, V, S>>) -> Handle
where
    K: Eq + Hashable + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    let executor = Executor::of(&core.clock);
    let gate = Arc::new(Gate::new());
    let at_work = Arc::new(AtomicBool::new(false));
    let kept = Kept {
        core: Arc::downgrade(core),
        executor,
        at_work,
        gate: gate.clone(),
    };
    let periodic = Periodic::on(Arc::new(kept), core.clock.clone(), executor);
    let nudger = periodic.nudger();
    core.bell.attach(Box::new(Keeper {
        nudger,
        _periodic: periodic,
    }));
    Handle(gate)
}
