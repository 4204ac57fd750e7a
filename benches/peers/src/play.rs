//! Interleaved scenes: every contestant plays once in each round, so that a slow moment of the machine hits all.

use crate::measure::Schedule;
use crate::workload::Play;

/// For each figure what each contestant told in each round.
pub(crate) fn interleaved(
    contestants: &[Box<dyn Play>],
    figures: usize,
    schedule: Schedule,
) -> Result<Vec<Vec<Vec<f64>>>, String> {
    let mut samples = vec![vec![Vec::with_capacity(schedule.plays); contestants.len()]; figures];
    for _ in 0..schedule.plays {
        for (number, contestant) in contestants.iter().enumerate() {
            let told = contestant.play(schedule.play)?;
            if told.len() != figures {
                return Err(format!("{} figures instead of {figures}", told.len()));
            }
            for (of_all, figure) in samples.iter_mut().zip(told) {
                if let Some(own) = of_all.get_mut(number) {
                    own.push(figure);
                }
            }
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use super::*;

    /// Tells which turn of all this is, twice.
    struct Told {
        turn: Rc<Cell<u32>>,
        figures: usize,
    }

    impl Play for Told {
        fn play(&self, _length: Duration) -> Result<Vec<f64>, String> {
            let turn = self.turn.replace(self.turn.get() + 1);
            Ok(vec![turn.into(); self.figures])
        }
    }

    fn two(figures: usize) -> [Box<dyn Play>; 2] {
        let turn = Rc::new(Cell::new(0));
        [turn.clone(), turn].map(|turn| Box::new(Told { turn, figures }) as Box<dyn Play>)
    }

    const SCHEDULE: Schedule = Schedule {
        plays: 3,
        ..Schedule::QUICK
    };

    #[test]
    fn contestants_take_turns() {
        let each = vec![vec![0.0, 2.0, 4.0], vec![1.0, 3.0, 5.0]];
        assert_eq!(
            interleaved(&two(2), 2, SCHEDULE),
            Ok(vec![each.clone(), each])
        );
    }

    #[test]
    fn a_figure_too_few_is_an_error() {
        assert!(interleaved(&two(1), 2, SCHEDULE).is_err());
    }
}
