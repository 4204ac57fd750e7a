//! What happens to the fleet.

use tenfold::rng::Rng;

use super::SERVERS;
use super::random::Service;

/// A course of events. Server 0 is the one that something happens to, if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Nothing happens.
    Homogeneous,
    /// Server 0 is ten times slower.
    OneSlow,
    /// Every other server is two times slower.
    HalfSlow,
    /// Servers start nothing for 20 units, every 400 units or so.
    Pauses,
    /// Server 0 fails at once, always.
    FailFast,
    /// One request in a hundred fails at once, on whichever server.
    Flaky,
    /// Half the requests of server 0 fail at once.
    HalfFails,
    /// Every 50 units another server restarts: five times slower, and normal after 200 units.
    ColdRestart,
    /// Server 0 joins late, and is cold as after a restart.
    Join,
    /// Server 0 joins late, and is as fast as the others at once.
    JoinWarm,
    /// Server 0 is ten times slower for a while.
    SlowHeals,
    /// Server 0 fails at once for a while.
    FailureHeals,
    /// The first ten servers fail at once for a while.
    ZoneLoss,
    /// Neighbours take the processor: every 100 units a server's speed is another.
    Antagonists,
    /// Every 100 units three times the requests, for 5 units.
    Incast,
    /// Nothing happens, but times are log-normal.
    LogNormal,
    /// Server 0 is ten times slower, and times have Pareto's distribution.
    ParetoOneSlow,
}

/// While something is wrong with server 0, as parts of the whole time.
const WRONG: (f64, f64) = (0.25, 0.5);
/// How long a server is cold.
pub(crate) const COLD: f64 = 200.0;

impl Scenario {
    pub(crate) const ALL: [Self; 17] = [
        Self::Homogeneous,
        Self::OneSlow,
        Self::HalfSlow,
        Self::Pauses,
        Self::FailFast,
        Self::Flaky,
        Self::HalfFails,
        Self::ColdRestart,
        Self::Join,
        Self::JoinWarm,
        Self::SlowHeals,
        Self::FailureHeals,
        Self::ZoneLoss,
        Self::Antagonists,
        Self::Incast,
        Self::LogNormal,
        Self::ParetoOneSlow,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Homogeneous => "homog",
            Self::OneSlow => "slow1",
            Self::HalfSlow => "hetero",
            Self::Pauses => "gc",
            Self::FailFast => "fail1",
            Self::Flaky => "flaky",
            Self::HalfFails => "fail-half",
            Self::ColdRestart => "restart",
            Self::Join => "join",
            Self::JoinWarm => "join-warm",
            Self::SlowHeals => "heal-slow",
            Self::FailureHeals => "heal-fail",
            Self::ZoneLoss => "zone-loss",
            Self::Antagonists => "antagonist",
            Self::Incast => "incast",
            Self::LogNormal => "lognormal",
            Self::ParetoOneSlow => "pareto-slow1",
        }
    }

    pub(crate) const fn service(self) -> Service {
        match self {
            Self::LogNormal => Service::LogNormal,
            Self::ParetoOneSlow => Service::Pareto,
            _ => Service::Exponential,
        }
    }

    /// Requests that arrive while a fleet of normal servers could serve one.
    pub(crate) const fn load(self) -> f64 {
        match self {
            Self::Pauses => 0.70,
            Self::FailFast
            | Self::HalfFails
            | Self::FailureHeals
            | Self::ZoneLoss
            | Self::Antagonists => 0.60,
            // A fleet of which half is two times slower serves three quarters: of that, three quarters.
            Self::HalfSlow => 0.5625,
            Self::Incast => 0.55,
            _ => 0.75,
        }
    }

    /// From when until when something is wrong with server 0, if requests arrive for so long.
    pub(crate) fn wrong(self, whole: f64) -> Option<(f64, f64)> {
        match self {
            Self::OneSlow | Self::ParetoOneSlow | Self::FailFast => Some((0.0, f64::INFINITY)),
            Self::SlowHeals | Self::FailureHeals | Self::ZoneLoss => {
                Some((whole * WRONG.0, whole * WRONG.1))
            }
            _ => None,
        }
    }

    /// When server 0 becomes a member.
    pub(crate) fn joins(self, whole: f64) -> Option<f64> {
        matches!(self, Self::Join | Self::JoinWarm).then_some(whole * 0.4)
    }

    pub(crate) fn pauses(self) -> bool {
        self == Self::Pauses
    }

    /// How many requests arrive now, relative to the mean.
    pub(crate) fn surge(self, now: f64) -> f64 {
        match self {
            Self::Incast if now % 100.0 < 5.0 => 3.0,
            Self::Incast => (100.0 - 5.0 * 3.0) / 95.0,
            _ => 1.0,
        }
    }
}

/// A scenario at one time and for one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    /// Units for which requests arrive.
    pub(crate) whole: f64,
}

impl Weather {
    fn is_wrong(&self, now: f64) -> bool {
        let wrong = self.scenario.wrong(self.whole);
        wrong.is_some_and(|(from, to)| (from..to).contains(&now))
    }

    /// How much longer than normal a server takes for what it begins now.
    pub(crate) fn slowness(&self, server: usize, now: f64) -> f64 {
        let cold = |since: f64| match since {
            _ if since < 0.0 => 1.0,
            _ => 1.0 + 4.0 * (1.0 - since / COLD).max(0.0),
        };
        match self.scenario {
            Scenario::OneSlow | Scenario::ParetoOneSlow | Scenario::SlowHeals
                if server == 0 && self.is_wrong(now) =>
            {
                10.0
            }
            Scenario::HalfSlow if server % 2 == 0 => 2.0,
            Scenario::ColdRestart => {
                let turn = 50.0 * SERVERS as f64;
                cold((now - 50.0 * server as f64).rem_euclid(turn))
            }
            Scenario::Join if server == 0 => {
                cold(now - self.scenario.joins(self.whole).unwrap_or(0.0))
            }
            Scenario::Antagonists => {
                let period = (now / 100.0 + server as f64 / SERVERS as f64) as u64;
                let seed = self.seed ^ period << 16 ^ server as u64;
                match Rng::seeded(seed).unit() {
                    part if part < 0.7 => 1.0,
                    part if part < 0.9 => 2.0,
                    _ => 4.0,
                }
            }
            _ => 1.0,
        }
    }

    /// Whether a server fails what it begins now. `luck` is anything in 0..1.
    pub(crate) fn fails(&self, server: usize, now: f64, luck: f64) -> bool {
        match self.scenario {
            Scenario::FailFast | Scenario::FailureHeals => server == 0 && self.is_wrong(now),
            Scenario::ZoneLoss => server < 10 && self.is_wrong(now),
            Scenario::Flaky => luck < 0.01,
            Scenario::HalfFails => server == 0 && luck < 0.5,
            _ => false,
        }
    }
}
