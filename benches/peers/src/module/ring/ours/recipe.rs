//! Which placement a table is made with.

use tenfold::hash::StableHash;
use tenfold::ring::{Anchor, MultiProbe, Placement};

use crate::module::ring::table;

/// A placement for a number of nodes.
pub(in crate::module::ring) trait Recipe: 'static {
    type Placement: Placement<Hash = StableHash> + Clone;

    fn for_nodes(count: usize) -> Self::Placement;
}

/// Any placement with its defaults.
impl<P: Placement<Hash = StableHash> + Clone + Default + 'static> Recipe for P {
    type Placement = P;

    fn for_nodes(_count: usize) -> P {
        P::default()
    }
}

/// AnchorHash with as much room as its peer.
pub(in crate::module::ring) struct Room;

impl Recipe for Room {
    type Placement = Anchor;

    fn for_nodes(count: usize) -> Anchor {
        Anchor::with_capacity(table::capacity(count).into())
    }
}

/// So many probes.
pub(in crate::module::ring) struct Probes<const COUNT: u32>;

impl<const COUNT: u32> Recipe for Probes<COUNT> {
    type Placement = MultiProbe;

    fn for_nodes(_count: usize) -> MultiProbe {
        MultiProbe::with_probes(COUNT)
    }
}
