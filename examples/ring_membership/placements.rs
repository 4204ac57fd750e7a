//! Who plays, and what each promises.

use tenfold::ring::placement::{EnvoyMaglev, EnvoyRing, Ketama, NginxConsistent};
use tenfold::ring::{Anchor, Jump, Maglev, MultiProbe, Native, Rendezvous, SlotTable};

use crate::args::Options;
use crate::movement::Movement;
use crate::problem::Problem;
use crate::story::{self, Story};

/// What a placement says about a change.
#[derive(Clone, Copy, Debug)]
enum Promise {
    /// Nothing moves but what must, nothing at all between nodes that stay as they are, and no more than one of the copies
    /// of a key.
    Least,
    /// Nothing moves between nodes that stay, but for positions that two of them share: a key in a thousand at the very most.
    LeastButForTies,
    /// More may move.
    More,
}

#[derive(Debug)]
pub(crate) struct Entrant {
    pub(crate) name: &'static str,
    promise: Promise,
    tell: fn(&'static str, &Options) -> Result<Story, Problem>,
}

/// Every placement, with its defaults.
pub(crate) fn all() -> &'static [Entrant] {
    use Promise::{Least, LeastButForTies, More};
    const ALL: [Entrant; 11] = [
        entrant("Native", Least, |name, options| {
            story::tell(name, Native::default(), options)
        }),
        entrant("Maglev", More, |name, options| {
            story::tell(name, Maglev::default(), options)
        }),
        entrant("Jump", More, |name, options| {
            story::tell(name, Jump::default(), options)
        }),
        entrant("SlotTable", Least, |name, options| {
            story::tell(name, SlotTable::default(), options)
        }),
        entrant("Anchor", Least, |name, options| {
            story::tell(name, Anchor::default(), options)
        }),
        entrant("Rendezvous", Least, |name, options| {
            story::tell(name, Rendezvous::default(), options)
        }),
        entrant("MultiProbe", Least, |name, options| {
            story::tell(name, MultiProbe::default(), options)
        }),
        entrant("Ketama", More, |name, options| {
            story::tell(name, Ketama::default(), options)
        }),
        entrant("NginxConsistent", LeastButForTies, |name, options| {
            story::tell(name, NginxConsistent::default(), options)
        }),
        entrant("EnvoyRing", More, |name, options| {
            story::tell(name, EnvoyRing::default(), options)
        }),
        entrant("EnvoyMaglev", More, |name, options| {
            story::tell(name, EnvoyMaglev::default(), options)
        }),
    ];
    &ALL
}

const fn entrant(
    name: &'static str,
    promise: Promise,
    tell: fn(&'static str, &Options) -> Result<Story, Problem>,
) -> Entrant {
    Entrant {
        name,
        promise,
        tell,
    }
}

impl Entrant {
    /// Plays the story, and checks that the promise is kept.
    pub(crate) fn play(&self, options: &Options) -> Result<Story, Problem> {
        let story = (self.tell)(self.name, options)?;
        for chapter in &story.chapters {
            if let Some(movement) = &chapter.movement {
                self.check(&chapter.title, movement)?;
            }
        }
        if matches!(self.promise, Promise::Least) && story.disturbed > 0.0 {
            let finding = "a key lost more than one of its copies when one node left";
            return Err(Problem::promise(self.name, finding));
        }
        Ok(story)
    }

    fn check(&self, step: &str, movement: &Movement) -> Result<(), Problem> {
        let Movement {
            moved,
            least,
            bystanders,
            keys,
        } = *movement;
        let kept = match self.promise {
            Promise::Least => bystanders == 0 && moved == least,
            Promise::LeastButForTies => bystanders <= keys / 1000,
            Promise::More => moved >= least,
        };
        if kept {
            return Ok(());
        }
        let finding = format!(
            "{step}: {moved} keys moved where {least} had to, {bystanders} of them between nodes that stay as they are"
        );
        Err(Problem::promise(self.name, finding))
    }
}
