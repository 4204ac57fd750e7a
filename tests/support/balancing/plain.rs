//! Backends as plain data, and picks as a balancer makes them.

use std::cell::Cell;

use tenfold::balance::{BackendId, Member, Policy, Request, View};
use tenfold::clock::Tick;
use tenfold::rng::Rng;

/// The time, always.
pub(crate) const NOW: Tick = Tick::from_nanos(1 << 40);

/// A backend.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) weight: u32,
    pub(crate) zone: Option<String>,
    pub(crate) priority: u8,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) in_flight: Cell<u64>,
    pub(crate) cost: f32,
    pub(crate) penalty: f32,
    /// The part of its weight that it has, in units of the view.
    pub(crate) part: u32,
    pub(crate) usable: bool,
    pub(crate) has_room: bool,
}

/// Where random numbers come from.
pub(crate) enum Randoms {
    Seeded(Cell<u64>),
    /// So many, evenly spread over all numbers, one after the other: shares come out exact but for the borders.
    Even(Cell<u64>, u64),
}

pub(crate) struct Plain {
    pub(crate) rows: Vec<Row>,
    pub(crate) members: Vec<Member>,
    pub(crate) turns: [Cell<u64>; 32],
    pub(crate) now: Tick,
    pub(crate) randoms: Randoms,
}

pub(crate) fn row(index: usize, weight: u32) -> Row {
    Row {
        key: format!("10.0.{}.{}:80", index / 256, index % 256),
        weight,
        zone: None,
        priority: 0,
        labels: Vec::new(),
        in_flight: Cell::new(0),
        cost: 1.0,
        penalty: 1.0,
        part: 1,
        usable: true,
        has_room: true,
    }
}

impl Plain {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        let members = rows.iter().map(member).collect();
        Self {
            rows,
            members,
            turns: Default::default(),
            now: NOW,
            randoms: Randoms::Seeded(Cell::new(1)),
        }
    }

    pub(crate) fn weighted(weights: &[u32]) -> Self {
        let rows = weights.iter().enumerate();
        Self::new(rows.map(|(index, weight)| row(index, *weight)).collect())
    }

    pub(crate) fn evenly(mut self, count: u64) -> Self {
        self.randoms = Randoms::Even(Cell::new(0), count);
        self
    }

    /// What would be seen of these if some of them were down.
    pub(crate) fn with_down(&self, is_down: impl Fn(&Row) -> bool) -> Self {
        let members = self.rows.iter().map(|row| {
            let mut member = member(row);
            member.usable = !is_down(row);
            member
        });
        let rows = self.rows.iter().filter(|row| !is_down(row)).cloned();
        Self {
            members: members.collect(),
            ..Self::new(rows.collect())
        }
    }

    /// What the balancer makes of the policy's choice.
    pub(crate) fn choose<P: Policy>(
        &self,
        policy: &P,
        plan: &P::Plan,
        request: &Request<'_>,
    ) -> Option<usize> {
        let may = |index: usize| !request.excludes(self.id(index)) && self.has_room(index);
        let choice = policy.pick(plan, self, request);
        choice.filter(|index| may(*index)).or_else(|| {
            (0..self.len()).find(|index| may(*index) && policy.admits(plan, self, request, *index))
        })
    }

    /// How often each is chosen, of so many requests.
    pub(crate) fn counts<P: Policy>(
        &self,
        policy: &P,
        request: &Request<'_>,
        picks: usize,
    ) -> Vec<u64> {
        let plan = policy.plan(self);
        let mut counts = vec![0; self.len()];
        for _ in 0..picks {
            counts[self.choose(policy, &plan, request).unwrap()] += 1;
        }
        counts
    }
}

fn member(row: &Row) -> Member {
    let mut member = Member::new(BackendId::of(&row.key), row.weight);
    member.zone = row.zone.as_deref().map(Into::into);
    member.priority = row.priority;
    member.usable = row.usable;
    let labels = row.labels.iter();
    let boxed = |(name, value): &(String, String)| (name.as_str().into(), value.as_str().into());
    member.labels = labels.map(boxed).collect();
    member
}

impl View for Plain {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn id(&self, index: usize) -> BackendId {
        BackendId::of(self.key(index))
    }

    fn key(&self, index: usize) -> &str {
        self.rows.get(index).map_or("", |row| &row.key)
    }

    fn weight(&self, index: usize) -> u32 {
        let row = self.rows.get(index);
        row.map_or(0, |row| row.weight * row.part)
    }

    fn whole_weight(&self, index: usize) -> u32 {
        self.rows.get(index).map_or(0, |row| row.weight)
    }

    fn zone(&self, index: usize) -> Option<&str> {
        self.rows.get(index)?.zone.as_deref()
    }

    fn priority(&self, index: usize) -> u8 {
        self.rows.get(index).map_or(0, |row| row.priority)
    }

    fn label(&self, index: usize, name: &str) -> Option<&str> {
        let mut labels = self.rows.get(index)?.labels.iter();
        let found = labels.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn in_flight(&self, index: usize) -> u64 {
        self.rows.get(index).map_or(0, |row| row.in_flight.get())
    }

    fn cost(&self, index: usize) -> f32 {
        self.rows.get(index).map_or(f32::MAX, |row| row.cost)
    }

    fn penalty(&self, index: usize) -> f32 {
        self.rows.get(index).map_or(1.0, |row| row.penalty)
    }

    fn now(&self) -> Tick {
        self.now
    }

    fn reported_load(&self, _: usize) -> Option<f32> {
        None
    }

    fn is_usable(&self, index: usize) -> bool {
        self.rows.get(index).is_some_and(|row| row.usable)
    }

    fn has_room(&self, index: usize) -> bool {
        self.rows.get(index).is_some_and(|row| row.has_room)
    }

    fn turn(&self, lane: usize) -> u64 {
        let Some(turns) = self.turns.get(lane) else {
            return self.random();
        };
        turns.replace(turns.get() + 1)
    }

    fn random(&self) -> u64 {
        match &self.randoms {
            Randoms::Seeded(seed) => {
                let mut rng = Rng::seeded(seed.get());
                let next = rng.next_u64();
                seed.set(seed.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
                next
            }
            Randoms::Even(step, count) => {
                let number = (u128::from(step.get()) << 64) / u128::from(*count);
                step.set((step.get() + 1) % count);
                number as u64
            }
        }
    }

    fn members(&self) -> &[Member] {
        &self.members
    }
}
