//! The two orders in which entries wait: a queue and a circle, both without holes.
//!
//! Each entry knows its place, so that it can leave from anywhere in O(1). Nothing is left behind and nothing is compacted: the head
//! of the queue moves into the place of what left the queue, the last of the circle into the place of what left the circle. That makes one
//! entry per removal a little younger than it is, which costs nothing that could be measured; eviction itself takes heads and the entry at
//! the hand, and disturbs no order.
//!
//! Invariant: `at(place(id)) == id` for each id held, and a place says by its top bit in which of the two it is.

use super::Entries;

/// In the second of the two: the circle, or a second queue.
const SECOND: u32 = 1 << 31;

/// Whether a place is one in the second of the two.
pub(super) const fn in_second(place: u32) -> bool {
    place & SECOND != 0
}

/// First in, first out. Places are counted on for ever, so that a push moves nothing; the buffer is a power of two.
#[derive(Default)]
pub(super) struct Queue {
    slots: Vec<u32>,
    head: u32,
    len: u32,
    /// What its places say.
    which: u32,
}

impl Queue {
    /// A queue that is the second of two.
    pub(super) fn second() -> Self {
        Self {
            which: SECOND,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    fn slot(&self, place: u32) -> usize {
        (place & !SECOND) as usize & self.slots.len().wrapping_sub(1)
    }

    fn at(&self, place: u32) -> Option<u32> {
        self.slots.get(self.slot(place)).copied()
    }

    fn put<E: Entries>(&mut self, entries: &mut E, place: u32, id: u32) {
        let slot = self.slot(place);
        if let Some(held) = self.slots.get_mut(slot) {
            *held = id;
            entries.set_place(id, place & !SECOND | self.which);
        }
    }

    pub(super) fn push<E: Entries>(&mut self, entries: &mut E, id: u32) {
        if self.len() == self.slots.len() {
            self.grow();
        }
        let place = self.head.wrapping_add(self.len);
        self.len += 1;
        self.put(entries, place, id);
    }

    #[cold]
    /// Twice the buffer. No place changes: the same numbers fall into other slots.
    fn grow(&mut self) {
        let mut larger = vec![0; (self.slots.len() * 2).max(16)];
        let mask = larger.len() - 1;
        for place in (0..self.len).map(|n| self.head.wrapping_add(n)) {
            if let (Some(id), Some(slot)) = (self.at(place), larger.get_mut(place as usize & mask))
            {
                *slot = id;
            }
        }
        self.slots = larger;
    }

    pub(super) fn first(&self) -> Option<u32> {
        if self.len == 0 {
            None
        } else {
            self.at(self.head)
        }
    }

    pub(super) fn pop(&mut self) -> Option<u32> {
        let id = self.first()?;
        self.pass();
        Some(id)
    }

    /// As [`pop`](Self::pop), for who has seen the head already.
    pub(super) fn pass(&mut self) {
        self.head = self.head.wrapping_add(1);
        self.len = self.len.saturating_sub(1);
    }

    /// The head takes the place of `id`.
    pub(super) fn remove<E: Entries>(&mut self, entries: &mut E, id: u32) {
        let place = entries.place(id);
        if let Some(head) = self.pop() {
            if head != id {
                self.put(entries, place, head);
            }
        }
    }

    pub(super) fn replace<E: Entries>(&mut self, entries: &mut E, old: u32, new: u32) {
        self.put(entries, entries.place(old), new);
    }

    /// Keeps those that `stays` says, in their order.
    pub(super) fn retain<E: Entries>(&mut self, entries: &mut E, stays: impl Fn(&E, u32) -> bool) {
        for _ in 0..self.len {
            if let Some(id) = self.pop().filter(|&id| stays(entries, id)) {
                self.push(entries, id);
            }
        }
    }

    /// Goes by the new ids, in the same order; who has none has left.
    pub(super) fn renumber<E: Entries>(
        &mut self,
        entries: &mut E,
        new: impl Fn(u32) -> Option<u32>,
    ) {
        for _ in 0..self.len {
            if let Some(id) = self.pop().and_then(&new) {
                self.push(entries, id);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    #[cfg(test)]
    pub(super) fn holds<E: Entries>(&self, entries: &E, id: u32) -> bool {
        entries.place(id) & SECOND == self.which && self.at(entries.place(id)) == Some(id)
    }

    /// From the head on.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        (0..self.len).filter_map(|n| self.at(self.head.wrapping_add(n)))
    }

    pub(super) fn memory(&self) -> usize {
        self.slots.capacity() * 4
    }
}

/// Entries in a circle, and a hand that points at the one to be judged next.
pub(super) struct Circle {
    slots: Vec<u32>,
    hand: usize,
}

impl Circle {
    /// Grows no more up to so many.
    pub(super) fn with_room(entries: usize) -> Self {
        Self {
            slots: Vec::with_capacity(entries),
            hand: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    fn put<E: Entries>(&mut self, entries: &mut E, slot: usize, id: u32) {
        if let Some(held) = self.slots.get_mut(slot) {
            *held = id;
            entries.set_place(id, slot as u32 | SECOND);
        }
    }

    /// Who is judged next.
    pub(super) fn at_hand(&self) -> Option<u32> {
        self.slots.get(self.hand).copied()
    }

    /// Spares the one at the hand.
    pub(super) fn pass(&mut self) {
        self.hand = if self.hand + 1 < self.slots.len() {
            self.hand + 1
        } else {
            0
        };
    }

    /// `id` takes the place of the one at the hand, and is judged last.
    pub(super) fn supersede<E: Entries>(&mut self, entries: &mut E, id: u32) {
        self.put(entries, self.hand, id);
        self.pass();
    }

    /// Just behind the hand, to be judged last. Whoever was there goes to the end of the circle.
    pub(super) fn push<E: Entries>(&mut self, entries: &mut E, id: u32) {
        match self.at_hand() {
            Some(displaced) if self.hand > 0 => {
                self.slots.push(displaced);
                let end = self.slots.len() - 1;
                self.put(entries, end, displaced);
                self.put(entries, self.hand, id);
                self.pass();
            }
            _ => {
                self.slots.push(id);
                let end = self.slots.len() - 1;
                self.put(entries, end, id);
            }
        }
    }

    /// The last takes the place of `id`.
    pub(super) fn remove<E: Entries>(&mut self, entries: &mut E, id: u32) {
        self.vacate(entries, (entries.place(id) & !SECOND) as usize);
    }

    /// The last takes the place of the one at the hand.
    pub(super) fn remove_at_hand<E: Entries>(&mut self, entries: &mut E) {
        self.vacate(entries, self.hand);
    }

    fn vacate<E: Entries>(&mut self, entries: &mut E, slot: usize) {
        if let Some(last) = self.slots.pop() {
            if slot < self.slots.len() {
                self.put(entries, slot, last);
            }
        }
        if self.hand >= self.slots.len() {
            self.hand = 0;
        }
    }

    /// Keeps those that `stays` says, in their order.
    pub(super) fn retain<E: Entries>(&mut self, entries: &mut E, stays: impl Fn(&E, u32) -> bool) {
        let (mut before, hand) = (0, self.hand);
        for held in 0..self.slots.len() {
            if let Some(id) = self
                .slots
                .get(held)
                .copied()
                .filter(|&id| stays(entries, id))
            {
                self.put(entries, before, id);
                before += 1;
            } else if held < hand {
                self.hand -= 1;
            }
        }
        self.slots.truncate(before);
        if self.hand >= before {
            self.hand = 0;
        }
    }

    /// Goes by the new ids, in the same order; who has none has left.
    pub(super) fn renumber<E: Entries>(
        &mut self,
        entries: &mut E,
        new: impl Fn(u32) -> Option<u32>,
    ) {
        let (mut before, hand) = (0, self.hand);
        for held in 0..self.slots.len() {
            if let Some(id) = self.slots.get(held).copied().and_then(&new) {
                self.put(entries, before, id);
                before += 1;
            } else if held < hand {
                self.hand -= 1;
            }
        }
        self.slots.truncate(before);
        if self.hand >= before {
            self.hand = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.hand = 0;
    }

    pub(super) fn replace<E: Entries>(&mut self, entries: &mut E, old: u32, new: u32) {
        let slot = (entries.place(old) & !SECOND) as usize;
        self.put(entries, slot, new);
    }

    #[cfg(test)]
    pub(super) fn holds<E: Entries>(&self, entries: &E, id: u32) -> bool {
        let place = entries.place(id);
        in_second(place) && self.slots.get((place & !SECOND) as usize) == Some(&id)
    }

    /// From the hand on, in the order of judgement.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        let (before, after) = self.slots.split_at(self.hand.min(self.slots.len()));
        after.iter().chain(before).copied()
    }

    pub(super) fn memory(&self) -> usize {
        self.slots.capacity() * 4
    }
}
