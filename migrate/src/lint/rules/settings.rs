//! Comments at the head of a script that are meant as settings of the runner.

use super::Draft;
use crate::lint::place::Place;
use crate::migration::Direction;
use crate::scripts::Step;
use crate::settings::Misspelt;

pub(in crate::lint) fn check_settings(number: usize, step: &Step, found: &mut Vec<Draft>) {
    for direction in [Direction::Up, Direction::Down] {
        for misspelt in step.settings(direction).misspelt {
            let Misspelt { line, written, meant, value } = &misspelt;
            let text = format!("-- {written}: {value}");
            let place = Place { step: number, direction, line: *line, statement: None, text };
            let (problem, advice) = (format!("{misspelt}."), format!("-- {meant}: {value}"));
            found.push(Draft::new(&place, "misspelt-setting", problem, advice));
        }
    }
}
