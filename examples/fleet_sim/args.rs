//! What the command line asks for.

use crate::fleet::contender::{ALL, Contender};
use crate::fleet::scenario::Scenario;

pub(crate) struct Args {
    pub(crate) seeds: u64,
    pub(crate) requests: usize,
    pub(crate) svg: Option<String>,
    scenarios: Vec<String>,
    policies: Vec<String>,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self {
            seeds: 5,
            requests: 200_000,
            svg: None,
            scenarios: Vec::new(),
            policies: Vec::new(),
        };
        while let Some(name) = words.next() {
            let value = words
                .next()
                .ok_or_else(|| format!("{name} needs a value"))?;
            let number = || {
                value
                    .parse()
                    .map_err(|_| format!("{name}: {value} is no number"))
            };
            let list = || value.split(',').map(str::to_owned).collect();
            match name.as_str() {
                "--seeds" => args.seeds = number()?,
                "--requests" => args.requests = number()? as usize,
                "--scenario" => args.scenarios = list(),
                "--policy" => args.policies = list(),
                "--svg" => args.svg = Some(value),
                _ => return Err(format!("unknown option {name}")),
            }
        }
        let scenario = |name: &String| Scenario::ALL.iter().any(|known| known.name() == name);
        let policy = |name: &String| Contender::named(name).is_some();
        let unknown = args
            .scenarios
            .iter()
            .find(|name| !scenario(name))
            .or_else(|| args.policies.iter().find(|name| !policy(name)));
        match unknown {
            Some(name) => Err(format!("there is no {name}")),
            None => Ok(args),
        }
    }

    /// Everything to be simulated.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = (Scenario, &'static Contender)> + '_ {
        let wanted = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|wanted| wanted == name)
        };
        Scenario::ALL
            .into_iter()
            .filter(move |scenario| wanted(&self.scenarios, scenario.name()))
            .flat_map(move |scenario| {
                ALL.iter()
                    .filter(move |contender| wanted(&self.policies, contender.name))
                    .map(move |contender| (scenario, contender))
            })
    }
}
