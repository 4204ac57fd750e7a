//! A smooth order of turns.
//!
//! # Invariants
//!
//! * The `j`-th turn of a backend with `w` of `W` slots is in the window from ⌊(j - 1) W / w⌋ to ⌈j W / w⌉, its end not included.
//!   There always is one turn that has begun its window, and taking the one whose window ends first misses no end, as turns are of one
//!   length and fill the period exactly.
//! * So after `t` slots each backend has had `t w / W` turns give or take less than one, and of any `t` slots in a row, also across the
//!   end of the period, give or take less than two.

use super::slots::Slots;

/// Who has which turn; indices are below 2^16.
///
/// O(1) for a slot: turns wait in lists, one for each slot in which they may begin, then one for each slot before which they must
/// have been; and the first list that is not empty is found by a tree of bits.
pub(super) fn schedule(slots: &Slots) -> Box<[u16]> {
    let period = slots.period as usize;
    let mut turns = Turns::new(slots);
    let mut order = Vec::with_capacity(period);
    for slot in 0..period {
        while let Some(index) = turns.begin.pop(slot) {
            let deadline = turns.deadline(index);
            turns.due.push(deadline - 1, index);
            turns.open.set(deadline - 1);
        }
        let Some(first) = turns.open.first() else {
            break;
        };
        let Some(index) = turns.due.pop(first) else {
            break;
        };
        if turns.due.is_empty(first) {
            turns.open.clear(first);
        }
        order.push(index as u16);
        turns.next(index);
    }
    order.into_boxed_slice()
}

struct Turns<'s> {
    slots: &'s Slots,
    /// Turns that each has had.
    had: Vec<u32>,
    begin: Lists,
    due: Lists,
    open: Bits,
}

impl<'s> Turns<'s> {
    fn new(slots: &'s Slots) -> Self {
        let (count, period) = (slots.of.len(), slots.period as usize);
        let mut begin = Lists::new(period, count);
        for index in (0..count).filter(|index| slots.of.get(*index) > Some(&0)) {
            begin.push(0, index);
        }
        Self {
            slots,
            had: vec![0; count],
            begin,
            due: Lists::new(period, count),
            open: Bits::new(),
        }
    }

    fn of(&self, index: usize) -> (u64, u64) {
        let had = self.had.get(index).copied().unwrap_or(0);
        let slots = self.slots.of.get(index).copied().unwrap_or(1);
        (u64::from(had), u64::from(slots).max(1))
    }

    /// Where the window of its next turn ends.
    fn deadline(&self, index: usize) -> usize {
        let (had, slots) = self.of(index);
        ((had + 1) * self.slots.period).div_ceil(slots) as usize
    }

    /// It has had a turn.
    fn next(&mut self, index: usize) {
        if let Some(had) = self.had.get_mut(index) {
            *had += 1;
        }
        let (had, slots) = self.of(index);
        if had < slots {
            self.begin
                .push((had * self.slots.period / slots) as usize, index);
        }
    }
}

/// Lists of backends, each in one of them at most. Who came first leaves first: of turns that end their windows together the one that has
/// waited longer is the smoother choice.
struct Lists {
    /// The first of each list, and the last if there is a first.
    ends: Vec<(u32, u32)>,
    nexts: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Lists {
    fn new(lists: usize, members: usize) -> Self {
        Self {
            ends: vec![(NONE, NONE); lists],
            nexts: vec![NONE; members],
        }
    }

    fn push(&mut self, list: usize, member: usize) {
        let Some((first, last)) = self.ends.get_mut(list) else {
            return;
        };
        let before = std::mem::replace(last, member as u32);
        if *first == NONE {
            *first = member as u32;
        } else if let Some(next) = self.nexts.get_mut(before as usize) {
            *next = member as u32;
        }
    }

    fn pop(&mut self, list: usize) -> Option<usize> {
        let (first, last) = self.ends.get_mut(list)?;
        let member = *first as usize;
        if *first == NONE {
            return None;
        }
        *first = if first == last {
            NONE
        } else {
            self.nexts.get(member).copied().unwrap_or(NONE)
        };
        Some(member)
    }

    fn is_empty(&self, list: usize) -> bool {
        self.ends.get(list).is_none_or(|(first, _)| *first == NONE)
    }
}

/// A set of numbers below 2^16 whose least is found in three steps.
struct Bits {
    top: u64,
    middle: [u64; 64],
    low: Vec<u64>,
}

impl Bits {
    fn new() -> Self {
        Self {
            top: 0,
            middle: [0; 64],
            low: vec![0; 1 << 10],
        }
    }

    fn set(&mut self, bit: usize) {
        if let Some(word) = self.low.get_mut(bit >> 6) {
            *word |= 1 << (bit & 63);
        }
        if let Some(word) = self.middle.get_mut(bit >> 12) {
            *word |= 1 << (bit >> 6 & 63);
        }
        self.top |= 1 << (bit >> 12 & 63);
    }

    fn clear(&mut self, bit: usize) {
        let Some(low) = self.low.get_mut(bit >> 6) else {
            return;
        };
        *low &= !(1 << (bit & 63));
        if *low != 0 {
            return;
        }
        if let Some(middle) = self.middle.get_mut(bit >> 12) {
            *middle &= !(1 << (bit >> 6 & 63));
            if *middle == 0 {
                self.top &= !(1 << (bit >> 12 & 63));
            }
        }
    }

    fn first(&self) -> Option<usize> {
        let one = |word: u64| (word != 0).then(|| word.trailing_zeros() as usize);
        let top = one(self.top)?;
        let middle = one(*self.middle.get(top)?)?;
        let low = one(*self.low.get(top << 6 | middle)?)?;
        Some(top << 12 | middle << 6 | low)
    }
}
