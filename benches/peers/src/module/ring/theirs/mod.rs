//! The peers and the limits behind the trait.

mod anchor;
mod jump;
mod limits;
mod maglev;
mod multi_probe;
mod points;
mod rendezvous;

pub(super) use anchor::Anchor;
pub(super) use jump::Jump;
pub(super) use limits::{Modulo, Scaled};
pub(super) use maglev::Maglev;
pub(super) use multi_probe::MultiProbe;
pub(super) use points::{HashRing, Ketama};
pub(super) use rendezvous::{Hrw, Rendezvous};
