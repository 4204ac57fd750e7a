//! Clients that ask the gateway, all at a time, and who answered them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tenfold::balance::NoBackend;
use tokio::task::JoinSet;

use crate::gateway::Gateway;

pub(crate) struct Crowd {
    pub(crate) gateway: Arc<Gateway>,
}

/// Answers, by who gave them.
#[derive(Default)]
pub(crate) struct Answers(BTreeMap<String, usize>);

impl Crowd {
    pub(crate) const CLIENTS: usize = 8;

    /// Sends so many requests and waits for all answers.
    ///
    /// # Errors
    ///
    /// If a single one is not answered.
    pub(crate) async fn send(&self, requests: usize) -> Result<Answers, Unanswered> {
        let left = Arc::new(AtomicUsize::new(requests));
        let mut clients = JoinSet::new();
        for _ in 0..Self::CLIENTS {
            clients.spawn(client(self.gateway.clone(), left.clone()));
        }
        let mut answers = Answers::default();
        while let Some(ended) = clients.join_next().await {
            let of_client = ended.map_err(|_| Unanswered::Lost)??;
            for (server, count) in of_client.0 {
                *answers.0.entry(server).or_default() += count;
            }
        }
        Ok(answers)
    }

    /// Sends requests until something has happened.
    ///
    /// # Errors
    ///
    /// If a single one is not answered, or nothing happens.
    pub(crate) async fn send_until(
        &self,
        happened: impl Fn() -> bool,
    ) -> Result<Answers, Unanswered> {
        let mut answers = Answers::default();
        while !happened() {
            if answers.total() > LONG {
                return Err(Unanswered::InVain);
            }
            for (server, count) in self.send(Self::CLIENTS).await?.0 {
                *answers.0.entry(server).or_default() += count;
            }
        }
        Ok(answers)
    }
}

/// One client: asks, reads, thinks.
async fn client(gateway: Arc<Gateway>, left: Arc<AtomicUsize>) -> Result<Answers, Unanswered> {
    let mut answers = Answers::default();
    let take = |left: usize| left.checked_sub(1);
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
        .is_ok()
    {
        let answer = gateway.get("/").await.map_err(Unanswered::Refused)?;
        *answers.0.entry(answer.server).or_default() += 1;
        tokio::time::sleep(THINKING).await;
    }
    Ok(answers)
}

impl Answers {
    pub(crate) fn of(&self, server: &str) -> usize {
        self.0.get(server).copied().unwrap_or(0)
    }

    pub(crate) fn total(&self) -> usize {
        self.0.values().sum()
    }

    pub(crate) fn each_of<const N: usize>(&self, servers: [&str; N]) -> bool {
        servers.iter().all(|server| self.of(server) > 0)
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, answered by", self.total())?;
        for (server, count) in &self.0 {
            write!(f, " {server} {count}")?;
        }
        Ok(())
    }
}

/// Why the story ends early.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// Every server failed.
    Refused(NoBackend),
    /// A client panicked.
    Lost,
    /// What was waited for did not happen.
    InVain,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(none) => write!(f, "a request was not answered: {none}"),
            Self::Lost => write!(f, "a client panicked"),
            Self::InVain => write!(f, "requests were sent for long, and nothing happened"),
        }
    }
}

impl std::error::Error for Unanswered {}

const THINKING: Duration = Duration::from_millis(1);
const LONG: usize = 1_000_000;
