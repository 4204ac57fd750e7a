//! The simulation: events in the order of their times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tenfold::rng::Rng;

use super::chooser::Chooser;
use super::clock::Virtual;
use super::figures::{Figures, Record};
use super::random::{Service, exponential};
use super::scenario::{Scenario, Weather};
use super::server::Server;
use super::{CLIENTS, SERVERS, UNIT, WARM_UP, WORKERS};

/// Units that a failing server takes for an error.
const ERROR_TIME: f64 = 0.05;
/// Units from a probe to its answer.
const PROBE_TIME: f64 = 0.1;
/// Units for which a pause lasts.
const PAUSE: f64 = 20.0;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    pub(crate) requests: usize,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival,
    Finish { job: u32 },
    Answer { probe: u32 },
    Pause { server: u32, begins: bool },
    Join,
}

struct Job<T> {
    client: usize,
    server: usize,
    came: f64,
    /// Units that a normal server takes.
    demand: f64,
    luck: f64,
    failed: bool,
    counted: bool,
    ticket: Option<T>,
}

struct Probe<R> {
    load: usize,
    latency: Option<f64>,
    reply: R,
}

struct Simulation<C: Chooser> {
    weather: Weather,
    service: Service,
    clock: Virtual,
    now: f64,
    rng: Rng,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    posted: u64,
    servers: Vec<Server>,
    choosers: Vec<C>,
    jobs: Vec<Option<Job<C::Ticket>>>,
    free: Vec<u32>,
    probes: Vec<Option<Probe<C::Reply>>>,
    free_probes: Vec<u32>,
    asked: Vec<(usize, C::Reply)>,
    record: Record,
}

/// Simulates clients that `make` makes, from the clock and a seed for each.
pub(crate) fn simulate<C: Chooser>(run: Run, make: impl Fn(&Virtual, u64) -> C) -> Figures {
    let rate = run.scenario.load() * (SERVERS * WORKERS) as f64;
    let whole = run.requests as f64 / rate;
    let clock = Virtual::new();
    let mut seeds = Rng::seeded(run.seed.wrapping_mul(0x9E37_79B9).wrapping_add(7));
    let mut simulation = Simulation {
        weather: Weather {
            scenario: run.scenario,
            seed: seeds.next_u64(),
            whole,
        },
        service: run.scenario.service(),
        now: 0.0,
        rng: Rng::seeded(seeds.next_u64()),
        events: BinaryHeap::new(),
        posted: 0,
        servers: (0..SERVERS).map(|_| Server::default()).collect(),
        choosers: (0..CLIENTS)
            .map(|_| make(&clock, seeds.next_u64()))
            .collect(),
        jobs: Vec::new(),
        free: Vec::new(),
        probes: Vec::new(),
        free_probes: Vec::new(),
        asked: Vec::new(),
        record: Record::new(whole),
        clock,
    };
    simulation.run(run.requests, rate);
    simulation.record.figures(run.scenario, &simulation.servers)
}

impl<C: Chooser> Simulation<C> {
    fn post(&mut self, delay: f64, event: Event) {
        let at = ((self.now + delay) * UNIT) as u64;
        self.posted += 1;
        self.events.push(Reverse((at, self.posted, event)));
    }

    fn run(&mut self, requests: usize, rate: f64) {
        if let Some(joins) = self.weather.scenario.joins(self.weather.whole) {
            self.choosers
                .iter_mut()
                .for_each(|chooser| chooser.admit(false));
            self.post(joins, Event::Join);
        }
        if self.weather.scenario.pauses() {
            for server in 0..SERVERS as u32 {
                let first = self.rng.unit() * 400.0;
                let begins = true;
                self.post(first, Event::Pause { server, begins });
            }
        }
        self.post(0.0, Event::Arrival);
        let mut left = requests;
        // Pauses go on for ever, so the end is when all requests have come and gone.
        while left > 0 || self.free.len() < self.jobs.len() {
            let Some(Reverse((at, _, event))) = self.events.pop() else {
                break;
            };
            self.now = at as f64 / UNIT;
            self.clock.set(at);
            match event {
                Event::Arrival => {
                    left -= 1;
                    self.arrive();
                    if left > 0 {
                        let surge = self.weather.scenario.surge(self.now);
                        let gap = exponential(&mut self.rng, 1.0 / (rate * surge));
                        self.post(gap, Event::Arrival);
                    }
                }
                Event::Finish { job } => self.finish(job),
                Event::Answer { probe } => self.answer(probe),
                Event::Pause { server, begins } => self.pause(server, begins),
                Event::Join => self
                    .choosers
                    .iter_mut()
                    .for_each(|chooser| chooser.admit(true)),
            }
        }
    }

    fn arrive(&mut self) {
        let client = self.rng.below(CLIENTS as u64) as usize;
        let demand = self.service.draw(&mut self.rng);
        let luck = self.rng.unit();
        let Some(chooser) = self.choosers.get_mut(client) else {
            return;
        };
        let (server, ticket) = chooser.choose(self.now, &self.servers);
        chooser.asked(&mut self.asked);
        let measured = self.now >= self.weather.whole * WARM_UP;
        self.record.picked(self.now, server, measured);
        let Some(target) = self.servers.get_mut(server) else {
            return;
        };
        let job = Job {
            client,
            server,
            came: self.now,
            demand,
            luck,
            failed: false,
            counted: measured,
            ticket: Some(ticket),
        };
        let index = place(&mut self.jobs, &mut self.free, job);
        target.arrive(index);
        self.work(server);
        self.ask();
    }

    fn ask(&mut self) {
        while let Some((server, reply)) = self.asked.pop() {
            let (load, latency) = self.servers.get(server).map_or((0, None), |asked| {
                let load = asked.load();
                (load, asked.meter.mean(self.now))
            });
            let probe = Probe {
                load,
                latency,
                reply,
            };
            let probe = place(&mut self.probes, &mut self.free_probes, probe);
            self.post(PROBE_TIME, Event::Answer { probe });
        }
    }

    fn answer(&mut self, index: u32) {
        if let Some(probe) = take(&mut self.probes, &mut self.free_probes, index) {
            C::answer(probe.reply, probe.load, probe.latency);
        }
    }

    /// Lets free workers begin what waits.
    fn work(&mut self, server: usize) {
        while let Some(index) = self.servers.get_mut(server).and_then(Server::begin) {
            let Some(Some(job)) = self.jobs.get_mut(index as usize) else {
                return;
            };
            job.failed = self.weather.fails(server, self.now, job.luck);
            let takes = if job.failed {
                ERROR_TIME
            } else {
                job.demand * self.weather.slowness(server, self.now)
            };
            if job.counted
                && let Some(server) = self.servers.get_mut(server)
            {
                server.worked += takes;
            }
            self.post(takes, Event::Finish { job: index });
        }
    }

    fn finish(&mut self, index: u32) {
        let Some(job) = take(&mut self.jobs, &mut self.free, index) else {
            return;
        };
        let latency = self.now - job.came;
        if let Some(server) = self.servers.get_mut(job.server) {
            server.finish();
            server.meter.note(self.now, latency);
        }
        if let (Some(chooser), Some(ticket)) = (self.choosers.get_mut(job.client), job.ticket) {
            chooser.end(ticket, self.now, job.failed);
        }
        if job.counted {
            self.record.ended(latency, job.failed);
        }
        self.work(job.server);
    }

    fn pause(&mut self, server: u32, begins: bool) {
        let index = server as usize;
        if let Some(server) = self.servers.get_mut(index) {
            server.pause(begins);
        }
        let next = if begins {
            PAUSE
        } else {
            300.0 + exponential(&mut self.rng, 80.0)
        };
        let begins = !begins;
        self.post(next, Event::Pause { server, begins });
        self.work(index);
    }
}

/// Puts something where there is room, and says where.
fn place<T>(slots: &mut Vec<Option<T>>, free: &mut Vec<u32>, item: T) -> u32 {
    let index = free.pop().unwrap_or_else(|| {
        slots.push(None);
        slots.len() as u32 - 1
    });
    if let Some(slot) = slots.get_mut(index as usize) {
        *slot = Some(item);
    }
    index
}

fn take<T>(slots: &mut [Option<T>], free: &mut Vec<u32>, index: u32) -> Option<T> {
    let item = slots.get_mut(index as usize)?.take()?;
    free.push(index);
    Some(item)
}
