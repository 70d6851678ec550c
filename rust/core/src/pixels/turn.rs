//! Turns planes of samples by quarters, and mirrors them.

use super::geometry::Turn;

/// Side of the squares in which rows become columns, in elements: both of them fit the nearest cache.
const SQUARE: usize = 32;

/// An array of elements, each of one or several samples: `columns` of them in each of `rows` rows.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    /// Elements in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Bytes of an element.
    pub element: usize,
}

/// Writes the elements of `from`, whose rows begin `from_stride` bytes apart, in their places after `turn` to `to`. A
/// plane that is too small stays as it is.
pub fn turn_plane(grid: Grid, turn: Turn, (from, from_stride): (&[u8], usize), (to, to_stride): (&mut [u8], usize)) {
    match grid.element {
        1 => turn_elements::<1>(grid, turn, (from, from_stride), (to, to_stride)),
        2 => turn_elements::<2>(grid, turn, (from, from_stride), (to, to_stride)),
        3 => turn_elements::<3>(grid, turn, (from, from_stride), (to, to_stride)),
        4 => turn_elements::<4>(grid, turn, (from, from_stride), (to, to_stride)),
        6 => turn_elements::<6>(grid, turn, (from, from_stride), (to, to_stride)),
        8 => turn_elements::<8>(grid, turn, (from, from_stride), (to, to_stride)),
        12 => turn_elements::<12>(grid, turn, (from, from_stride), (to, to_stride)),
        16 => turn_elements::<16>(grid, turn, (from, from_stride), (to, to_stride)),
        _ => {}
    }
}

/// Sizes of elements that [`turn_plane`] takes, in bytes.
#[must_use]
pub const fn takes(element: usize) -> bool {
    matches!(element, 1 | 2 | 3 | 4 | 6 | 8 | 12 | 16)
}

fn turn_elements<const SIZE: usize>(
    grid: Grid,
    turn: Turn,
    (from, from_stride): (&[u8], usize),
    (to, to_stride): (&mut [u8], usize),
) {
    let Grid { columns, rows, .. } = grid;
    let from_row = |row: usize| -> &[[u8; SIZE]] {
        let start = row * from_stride;
        from.get(start..start + columns * SIZE).map_or(&[], |row| row.as_chunks().0)
    };
    let (across, down) = turn.size((columns, rows));
    if !turn.swaps_sides() {
        // 180 degrees exchange left and right as well as top and bottom.
        let (mirrors, inverts) = ((turn.quarters == 2) != turn.flip, turn.quarters == 2);
        for (row, to) in to.chunks_mut(to_stride.max(1)).take(down).enumerate() {
            let from = from_row(if inverts { rows - 1 - row } else { row });
            let Some(to) = to.get_mut(..across * SIZE) else { return };
            let to = to.as_chunks_mut().0.iter_mut();
            if mirrors {
                to.zip(from.iter().rev()).for_each(|(to, from)| *to = *from);
            } else {
                to.zip(from).for_each(|(to, from)| *to = *from);
            }
        }
        return;
    }
    // Row `y` of the turned plane is a column of the other one. Clockwise, its first element is the lowest one.
    let takes_last_column = turn.quarters == 3;
    let begins_below = (turn.quarters == 1) != turn.flip;
    for top in (0..down).step_by(SQUARE) {
        for left in (0..across).step_by(SQUARE) {
            for x in left..(left + SQUARE).min(across) {
                let from = from_row(if begins_below { rows - 1 - x } else { x });
                for y in top..(top + SQUARE).min(down) {
                    let column = if takes_last_column { columns - 1 - y } else { y };
                    let place = y * to_stride + x * SIZE;
                    if let (Some(to), Some(from)) = (to.get_mut(place..place + SIZE), from.get(column)) {
                        to.copy_from_slice(from);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::geometry::Orientation;

    /// The plane after a turn, each element put to where the matrix of the turn says.
    fn by_matrix(grid: Grid, turn: Turn, from: &[u8]) -> Vec<u8> {
        let matrix = Orientation::from(turn).matrix().map(|value| i64::from(value.signum()));
        let (across, down) = turn.size((grid.columns, grid.rows));
        let mut to = vec![0; from.len()];
        for y in 0..grid.rows {
            for x in 0..grid.columns {
                let point = (x as i64, y as i64);
                let shown = (matrix[0] * point.0 + matrix[3] * point.1, matrix[1] * point.0 + matrix[4] * point.1);
                let inside = |at: i64, length: usize| at.rem_euclid(length as i64) as usize;
                // What lies left of or above 0 is moved back into the picture.
                let moved = |at: i64, length: usize, turns_round: bool| {
                    if turns_round { inside(at + length as i64 - 1, length) } else { inside(at, length) }
                };
                let x_to = moved(shown.0, across, matrix[0] + matrix[3] < 0);
                let y_to = moved(shown.1, down, matrix[1] + matrix[4] < 0);
                let (source, target) = ((y * grid.columns + x) * grid.element, (y_to * across + x_to) * grid.element);
                to[target..target + grid.element].copy_from_slice(&from[source..source + grid.element]);
            }
        }
        to
    }

    #[test]
    fn every_turn_of_every_size_puts_each_element_where_its_matrix_says() {
        for (columns, rows) in [(1, 1), (1, 5), (7, 1), (2, 3), (5, 4), (33, 67), (64, 32)] {
            for element in (1..=16).filter(|element| takes(*element)) {
                let grid = Grid { columns, rows, element };
                let from: Vec<u8> = (0..columns * rows * element).map(|place| (place * 31 % 251) as u8).collect();
                for turn in (0..8).map(|index| Turn { quarters: index % 4, flip: index > 3 }) {
                    let (across, _) = turn.size((columns, rows));
                    let mut to = vec![0; from.len()];
                    turn_plane(grid, turn, (&from, columns * element), (&mut to, across * element));
                    assert_eq!(to, by_matrix(grid, turn, &from), "{grid:?} {turn:?}");
                }
            }
        }
    }

    #[test]
    fn padding_stays_as_it_is() {
        let (from, mut to) = ([1, 2, 9, 9, 3, 4, 9, 9, 5, 6], [0; 8]);
        let grid = Grid { columns: 2, rows: 3, element: 1 };
        turn_plane(grid, Turn { quarters: 1, flip: false }, (&from, 4), (&mut to, 5));
        assert_eq!(to, [5, 3, 1, 0, 0, 6, 4, 2]);
    }
}
