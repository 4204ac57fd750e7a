//! The core agrees with the naive model whatever happens: who is there, who may be chosen, what is in flight, what is counted, and what
//! is refused.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tenfold::balance::{BackendId, Balancer, Drained, Error, Lease, Request, Spec, Stats};
use tenfold::clock::ManualClock;

use super::Spy;
use super::model::{Edit, LIMIT, Model, Plain};

#[derive(Clone, Debug)]
enum Step {
    Update(Vec<Edit>),
    Lease {
        wanted: String,
        tried: Vec<String>,
        by_picker: bool,
    },
    Pick {
        wanted: String,
        tried: Vec<String>,
    },
    /// Ends the lease at this place, as a success, as a failure or without a word.
    End(prop::sample::Index, u8),
    Drain(String),
}

fn key() -> impl Strategy<Value = String> {
    (0..6_u32).prop_map(|n| format!("k{n}"))
}

fn plain() -> impl Strategy<Value = Plain> {
    let weight = prop_oneof![Just(0), Just(1), 1..9_u32];
    let most = prop::option::of(0..4_u64);
    (key(), any::<u32>(), weight, most).prop_map(|(key, value, weight, most)| Plain {
        key,
        value,
        weight,
        most,
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        2 => plain().prop_map(Edit::Add),
        3 => plain().prop_map(Edit::Put),
        1 => key().prop_map(Edit::Remove),
        1 => (key(), 0..4_u32).prop_map(|(key, weight)| Edit::Weight(key, weight)),
        1 => (key(), any::<u32>()).prop_map(|(key, value)| Edit::Value(key, value)),
        1 => (key(), any::<bool>()).prop_map(|(key, enabled)| Edit::Enabled(key, enabled)),
        1 => (key(), any::<bool>()).prop_map(|(key, draining)| Edit::Draining(key, draining)),
        1 => vec(plain(), 0..4).prop_map(Edit::ReplaceAll),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let lease = (key(), vec(key(), 0..4), any::<bool>());
    let lease = lease.prop_map(|(wanted, tried, by_picker)| Step::Lease {
        wanted,
        tried,
        by_picker,
    });
    prop_oneof![
        4 => vec(edit(), 0..4).prop_map(Step::Update),
        6 => lease,
        2 => (key(), vec(key(), 0..4)).prop_map(|(wanted, tried)| Step::Pick { wanted, tried }),
        4 => (any::<prop::sample::Index>(), 0..3_u8).prop_map(|(place, end)| Step::End(place, end)),
        1 => key().prop_map(Step::Drain),
    ]
}

fn spec(plain: &Plain) -> Spec<u32> {
    let spec = Spec::new(&plain.key, plain.value).weight(plain.weight);
    match plain.most {
        Some(most) => spec.max_in_flight(most),
        None => spec,
    }
}

struct Run {
    balancer: Balancer<u32, Spy, ManualClock>,
    model: Model,
    leases: Vec<(Lease<u32, ManualClock>, u32)>,
    expected: Stats,
}

impl Run {
    fn update(&mut self, edits: &[Edit]) {
        let made = self.balancer.update(|changes| {
            for edit in edits {
                match edit {
                    Edit::Add(plain) => changes.add(spec(plain)),
                    Edit::Put(plain) => changes.put(spec(plain)),
                    Edit::Remove(key) => changes.remove(key),
                    Edit::Weight(key, weight) => changes.set_weight(key, *weight),
                    Edit::Value(key, value) => changes.set_value(key, *value),
                    Edit::Enabled(key, enabled) => changes.set_enabled(key, *enabled),
                    Edit::Draining(key, draining) => changes.set_draining(key, *draining),
                    Edit::ReplaceAll(all) => changes.replace_all(all.iter().map(spec).collect()),
                };
            }
        });
        let expected = self.model.update(edits);
        let made = made.map(|change| [change.added, change.removed, change.changed]);
        self.expected.updates += u64::from(made.is_ok());
        assert_eq!(made, expected);
    }

    fn choose(&mut self, wanted: &str, tried: &[String], how: u8) {
        let ids: Vec<_> = tried.iter().map(|key| BackendId::of(key)).collect();
        let request = Request::new().sticky(BackendId::of(wanted)).excluding(&ids);
        let lease = match how {
            0 => self.balancer.lease(&request),
            1 => self.balancer.picker().lease(&request),
            _ => {
                let picked = self.balancer.pick_for(&request);
                let picked = picked.map(|picked| (picked.key().to_owned(), *picked.value()));
                return self.chosen(
                    wanted,
                    tried,
                    picked
                        .as_ref()
                        .map(|(key, value)| (key.as_str(), *value))
                        .map_err(|why| *why),
                );
            }
        };
        self.chosen(
            wanted,
            tried,
            lease
                .as_ref()
                .map(|lease| (lease.key(), *lease.value()))
                .map_err(|why| *why),
        );
        if let Ok(lease) = lease {
            self.model.enter(lease.key());
            let value = *lease.value();
            self.leases.push((lease, value));
        }
    }

    fn chosen(
        &mut self,
        wanted: &str,
        tried: &[String],
        chosen: Result<(&str, u32), tenfold::balance::NoBackend>,
    ) {
        let choices = self.model.choices(tried);
        match (chosen, choices) {
            (Ok((key, value)), Ok(choices)) => {
                let choice = choices.iter().find(|plain| plain.key == key);
                assert_eq!(
                    choice.map(|plain| plain.value),
                    Some(value),
                    "{key} is no choice"
                );
                let is_choice = choices.iter().any(|plain| plain.key == wanted);
                assert!(!is_choice || key == wanted, "{wanted} could be had");
                self.expected.picks += 1;
                self.expected.fallbacks += u64::from(!is_choice);
            }
            (chosen, choices) => {
                assert_eq!(chosen.err(), choices.err());
                self.expected.refused += 1;
            }
        }
    }

    fn end(&mut self, place: prop::sample::Index, end: u8) {
        if self.leases.is_empty() {
            return;
        }
        let (lease, value) = self.leases.swap_remove(place.index(self.leases.len()));
        assert_eq!(
            (*lease.value(), lease.in_flight()),
            (value, self.model.in_flight(lease.key()))
        );
        self.model.leave(lease.key());
        match end {
            0 => {
                lease.success();
                self.expected.successes += 1;
            }
            1 => {
                lease.failure(crate::FAULT);
                self.expected.failures += 1;
            }
            _ => {
                drop(lease);
                self.expected.cancelled += 1;
            }
        }
    }

    fn drain(&mut self, key: &str) {
        let known = self.model.update(&[Edit::Draining(key.to_owned(), true)]);
        let drain = match self.balancer.drain(key) {
            Ok(drain) => drain,
            Err(error) => {
                assert_eq!(Some(&error), known.as_ref().err());
                assert_eq!(error, Error::UnknownKey { key: key.into() });
                return;
            }
        };
        assert!(known.is_ok());
        self.expected.updates += 1;
        assert_eq!(drain.in_flight(), self.model.in_flight(key));
        match drain.wait_timeout(Duration::ZERO) {
            Ok(ended) => {
                assert_eq!((ended, self.model.in_flight(key)), (Drained::Finished, 0));
                self.model.update(&[Edit::Remove(key.to_owned())]).unwrap();
                self.expected.updates += 1;
            }
            Err(drain) => assert!(drain.in_flight() > 0),
        }
    }

    fn check(&mut self) {
        self.expected.in_flight = self.model.total_in_flight();
        self.expected.backends = self.model.set.len();
        self.expected.usable = self
            .model
            .set
            .iter()
            .filter(|backend| backend.is_usable())
            .count();
        assert_eq!(self.balancer.stats(), self.expected);
    }
}

fn agree(steps: Vec<Step>) {
    let balancer = Balancer::builder(Spy::default())
        .max_backends(LIMIT)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let mut run = Run {
        expected: balancer.stats(),
        balancer,
        model: Model::default(),
        leases: Vec::new(),
    };
    for step in steps {
        match step {
            Step::Update(edits) => run.update(&edits),
            Step::Lease {
                wanted,
                tried,
                by_picker,
            } => run.choose(&wanted, &tried, by_picker.into()),
            Step::Pick { wanted, tried } => run.choose(&wanted, &tried, 2),
            Step::End(place, end) => run.end(place, end),
            Step::Drain(key) => run.drain(&key),
        }
        run.check();
    }
    let cancelled = run.balancer.stats().cancelled + run.leases.len() as u64;
    run.leases.clear();
    let stats = run.balancer.stats();
    assert_eq!((stats.in_flight, stats.cancelled), (0, cancelled));
}

proptest! {
    #[test]
    fn the_core_agrees_with_the_model(steps in vec(step(), 1..60)) {
        agree(steps);
    }
}
