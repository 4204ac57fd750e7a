//! The engine of all arms: a queue for the new, a circle for the proven, and a rule for the step from one to the other.
//!
//! ```text
//!            insert                  leaves the queue: the rule
//!   key ───────────────▶ QUEUE ─────────────────────────────────▶ CIRCLE ⟲ hand
//!    │                     │ refused: evicted                       │ at the hand, unused: evicted
//!    │                     ▼                                        ▼
//!    └── a ghost? ──────▶ GHOSTS (rule Reference only)          forgotten
//! ```
//!
//! A hit only raises the entry's counter of uses, up to three. All else happens when an entry has to go, under the shard's lock:
//!
//! * The hand passes a used entry and takes one use off it. If this clock is to count (`harvest`), the use goes to the sketch then: so
//!   residents keep their frequency although no hit touches the sketch.
//! * **Frequency**: the head of the queue, once the queue is longer than its share, is compared with the unused entry at the hand; whoever
//!   was seen more often stays. `lead` is by how much more the newcomer must have been seen. With a lead of one and next to no queue, a loop
//!   longer than the cache keeps what fits, since one lap more is not yet a reason to replace; without it, the tide of a halving sketch
//!   flushes it.
//! * **Reference**: the head of the queue enters the circle if it was used while it waited, or had been evicted lately.
//! * **Recency**: everything stays in the queue; a head that was used goes back to its end. Second chance, close to LRU.
//! * `again`: a used head of the queue waits there once more per use, before its rule is asked.
//!
//! Weights: shares are shares of the capacity in weight, and frequencies are compared per weight.
//!
//! Bound: an eviction takes at most [`STEPS`] steps; then the one in question goes, used or not.
//!
//! Sources: S3-FIFO (J. Yang et al., SOSP 2023) for the queue before the circle and its ghosts; TinyLFU (G. Einziger et al., ToS 2017) for
//! the comparison; CLOCK (F. Corbató, 1968) with a counter (GCLOCK, A. Smith 1978) for the circle.

use super::Entries;
use super::ghosts::Ghosts;
use super::rings::{Circle, Queue, in_second};
use super::setting::{Counted, Rule, Setting};
use crate::kernel::sketch::Sketch;

/// Steps of an eviction: entries looked at.
pub(super) const STEPS: u32 = 64;

/// Who goes: the head of the queue, the one at the hand, or one whose place has been taken already.
enum Loser {
    Head(u32),
    AtHand(u32),
    Superseded(u32),
}

pub(super) struct Clock {
    queue: Queue,
    circle: Circle,
    ghosts: Ghosts,
    /// In weight: what may be held, what is held, and how much of it is in the queue.
    capacity: u64,
    total: u64,
    queued: u64,
    harvest: bool,
    pub(super) counted: Counted,
}

impl Clock {
    /// `entries` is how many are expected: the memory that is taken at once.
    pub(super) fn new(capacity: u64, entries: usize, ghosts: bool, harvest: bool) -> Self {
        Self {
            queue: Queue::default(),
            circle: Circle::with_room(entries),
            ghosts: if ghosts {
                Ghosts::new(entries - entries / 10)
            } else {
                Ghosts::default()
            },
            capacity,
            total: 0,
            queued: 0,
            harvest,
            counted: Counted::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.circle.len()
    }

    /// Another capacity, and how many entries are expected. Ghosts are forgotten if their number is to change much.
    pub(super) fn resize(&mut self, capacity: u64, entries: usize) {
        self.capacity = capacity;
        let ghosts = entries - entries / 10;
        if self.ghosts.memory() > 0
            && (ghosts / 2 > self.ghosts.capacity() || ghosts < self.ghosts.capacity() / 4)
        {
            self.ghosts = Ghosts::new(ghosts);
        }
    }

    fn share(&self, setting: Setting) -> u64 {
        let window = u64::from(setting.window.min(1000));
        let (thousands, rest) = (self.capacity / 1000, self.capacity % 1000);
        (thousands * window + rest * window / 1000).max(1)
    }

    fn enqueue<E: Entries>(&mut self, entries: &mut E, id: u32) {
        self.queued += entries.weight(id);
        self.queue.push(entries, id);
    }

    fn dequeue<E: Entries>(&mut self, entries: &E) {
        if let Some(id) = self.queue.pop() {
            self.queued = self.queued.saturating_sub(entries.weight(id));
        }
    }

    /// From the head of the queue into the circle.
    fn promote<E: Entries>(&mut self, entries: &mut E, id: u32) {
        self.dequeue(entries);
        self.circle.push(entries, id);
    }

    #[inline]
    pub(super) fn inserted<E: Entries>(&mut self, entries: &mut E, setting: Setting, id: u32) {
        self.total = self.total.saturating_add(entries.weight(id));
        if setting.rule == Rule::Reference && self.ghosts.take(entries.hash(id)) {
            self.circle.push(entries, id);
            return;
        }
        self.enqueue(entries, id);
        if self.total <= self.capacity && setting.rule != Rule::Reference {
            self.promote_some(entries, setting);
        }
    }

    /// While there is room, whoever is compared later moves on unjudged: two at a time, so that a share that has shrunk is reached.
    #[inline(never)]
    fn promote_some<E: Entries>(&mut self, entries: &mut E, setting: Setting) {
        let share = self.share(setting);
        for _ in 0..2 {
            if self.queued <= share {
                return;
            }
            if let Some(head) = self.queue.first() {
                self.promote(entries, head);
            }
        }
    }

    pub(super) fn replaced<E: Entries>(&mut self, entries: &mut E, old: u32, new: u32) {
        let (was, is) = (entries.weight(old), entries.weight(new));
        self.total = self.total.saturating_sub(was).saturating_add(is);
        if in_second(entries.place(old)) {
            self.circle.replace(entries, old, new);
        } else {
            self.queued = self.queued.saturating_sub(was).saturating_add(is);
            self.queue.replace(entries, old, new);
        }
    }

    pub(super) fn removed<E: Entries>(&mut self, entries: &mut E, id: u32) {
        let weight = entries.weight(id);
        self.total = self.total.saturating_sub(weight);
        if in_second(entries.place(id)) {
            self.circle.remove(entries, id);
        } else {
            self.queued = self.queued.saturating_sub(weight);
            self.queue.remove(entries, id);
        }
    }

    /// Keeps those that `stays` says, in their order.
    pub(super) fn retain<E: Entries>(&mut self, entries: &mut E, stays: impl Fn(&E, u32) -> bool) {
        self.queue.retain(entries, &stays);
        self.circle.retain(entries, &stays);
        self.queued = self.queue.iter().map(|id| entries.weight(id)).sum();
        self.total = self.coldest().map(|id| entries.weight(id)).sum();
    }

    /// Goes by the new ids, in the same order; who has none has left.
    pub(super) fn renumber<E: Entries>(
        &mut self,
        entries: &mut E,
        new: impl Fn(u32) -> Option<u32>,
    ) {
        self.queue.renumber(entries, &new);
        self.circle.renumber(entries, &new);
        self.queued = self.queue.iter().map(|id| entries.weight(id)).sum();
        self.total = self.coldest().map(|id| entries.weight(id)).sum();
    }

    /// Holds nothing any more. What it knows of keys it keeps.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.circle.clear();
        (self.queued, self.total) = (0, 0);
    }

    /// Decides who goes, and forgets it.
    pub(super) fn evict<E: Entries>(
        &mut self,
        entries: &mut E,
        setting: Setting,
        sketch: &mut Sketch,
    ) -> Option<u32> {
        let mut steps = 0;
        let id = match self.judge(entries, setting, sketch, &mut steps)? {
            Loser::Head(id) => {
                self.dequeue(entries);
                id
            }
            Loser::AtHand(id) => {
                self.circle.remove_at_hand(entries);
                id
            }
            Loser::Superseded(id) => id,
        };
        self.total = self.total.saturating_sub(entries.weight(id));
        self.counted.add(steps);
        Some(id)
    }

    /// Forgets the head of the queue, and lets it go: for a time in which nobody is used. Nothing if it was, or
    /// if nobody waits but the latest.
    #[inline]
    pub(super) fn evict_head<E: Entries>(&mut self, entries: &E) -> Option<u32> {
        let waits = self.queue.len() > 1;
        let head = self.queue.first();
        let head = head.filter(|head| waits && entries.uses(*head) == 0)?;
        self.queue.pass();
        let weight = entries.weight(head);
        self.queued = self.queued.saturating_sub(weight);
        self.total = self.total.saturating_sub(weight);
        self.counted.add(1);
        Some(head)
    }

    fn judge<E: Entries>(
        &mut self,
        entries: &mut E,
        setting: Setting,
        sketch: &mut Sketch,
        steps: &mut u32,
    ) -> Option<Loser> {
        let share = self.share(setting);
        let mut moved = false;
        loop {
            let waits = self.queue.len() > usize::from(setting.patient);
            let head = self
                .queue
                .first()
                .filter(|_| self.queued > share && waits || self.circle.len() == 0);
            let Some(head) = head else {
                return self.unused(entries, sketch, steps).map(Loser::AtHand);
            };
            *steps += 1;
            let spared = *steps < STEPS && self.circle.len() > 0;
            let uses = entries.uses(head);
            if setting.again && uses > 0 && *steps < STEPS {
                self.take_use(entries, sketch, head, uses);
                self.dequeue(entries);
                self.enqueue(entries, head);
                continue;
            }
            match setting.rule {
                Rule::Recency => {
                    if uses == 0 || *steps >= STEPS {
                        return Some(Loser::Head(head));
                    }
                    entries.set_uses(head, 0);
                    self.dequeue(entries);
                    self.enqueue(entries, head);
                }
                Rule::Reference => {
                    if uses == 0 || *steps >= STEPS {
                        self.ghosts.add(entries.hash(head));
                        return Some(Loser::Head(head));
                    }
                    // What it was used for is its ticket.
                    if self.harvest {
                        sketch.add(entries.hash(head), u32::from(uses));
                    }
                    entries.set_uses(head, 0);
                    self.promote(entries, head);
                }
                // A share that has shrunk: one moves on unjudged, another is judged.
                Rule::Frequency { .. }
                    if spared
                        && !moved
                        && self.queued.saturating_sub(entries.weight(head)) > share =>
                {
                    moved = true;
                    self.promote(entries, head);
                }
                Rule::Frequency { lead } => {
                    let lead = u64::from(lead);
                    return Some(self.compare(entries, sketch, steps, head, lead));
                }
            }
        }
    }

    /// The head of the queue against the unused one at the hand; the loser.
    fn compare<E: Entries>(
        &mut self,
        entries: &mut E,
        sketch: &mut Sketch,
        steps: &mut u32,
        head: u32,
        lead: u64,
    ) -> Loser {
        let uses = entries.uses(head);
        if self.harvest && uses > 0 {
            sketch.add(entries.hash(head), u32::from(uses));
            entries.set_uses(head, 0);
        }
        let Some(resident) = self.unused(entries, sketch, steps) else {
            return Loser::Head(head);
        };
        // Per weight: a light one may stay with fewer uses.
        let newcomer =
            u64::from(sketch.estimate(entries.hash(head))).saturating_mul(entries.weight(resident));
        let weight = entries.weight(head);
        // Most are new, and lose to anybody.
        if newcomer <= lead.saturating_mul(weight) {
            return Loser::Head(head);
        }
        let holder = u64::from(sketch.estimate(entries.hash(resident))) + lead;
        if newcomer <= holder.saturating_mul(weight) {
            return Loser::Head(head);
        }
        self.dequeue(entries);
        self.circle.supersede(entries, head);
        Loser::Superseded(resident)
    }

    /// The next unused entry of the circle. The hand stays at it.
    fn unused<E: Entries>(
        &mut self,
        entries: &mut E,
        sketch: &mut Sketch,
        steps: &mut u32,
    ) -> Option<u32> {
        loop {
            let id = self.circle.at_hand()?;
            if *steps >= STEPS {
                return Some(id);
            }
            *steps += 1;
            let uses = entries.uses(id);
            if uses == 0 {
                return Some(id);
            }
            self.take_use(entries, sketch, id, uses);
            self.circle.pass();
        }
    }

    fn take_use<E: Entries>(&self, entries: &mut E, sketch: &mut Sketch, id: u32, uses: u8) {
        entries.set_uses(id, uses - 1);
        if self.harvest {
            sketch.add(entries.hash(id), 1);
        }
    }

    /// From the next to go to the last to go, as far as it can be said.
    pub(super) fn coldest(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.queue.iter().chain(self.circle.iter())
    }

    pub(super) fn memory(&self) -> usize {
        self.queue.memory() + self.circle.memory() + self.ghosts.memory()
    }

    #[cfg(test)]
    pub(super) fn check_invariants<E: Entries>(&self, entries: &E) {
        let weight =
            |ids: &mut dyn Iterator<Item = u32>| ids.map(|id| entries.weight(id)).sum::<u64>();
        assert_eq!(weight(&mut self.queue.iter()), self.queued);
        assert_eq!(weight(&mut self.coldest()), self.total);
        assert!(self.queue.iter().all(|id| self.queue.holds(entries, id)));
        assert!(self.circle.iter().all(|id| self.circle.holds(entries, id)));
        assert!(self.counted.most <= STEPS, "{:?}", self.counted);
    }
}
