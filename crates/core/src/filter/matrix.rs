//! Matrices of two rows and columns: what two axes need, and no more.

/// East and north, in metres or m/s.
pub type Vector = [f64; 2];
pub type Matrix = [[f64; 2]; 2];

pub fn length([east, north]: Vector) -> f64 {
    east.hypot(north)
}

pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

pub const fn identity() -> Matrix {
    [[1.0, 0.0], [0.0, 1.0]]
}

pub fn outer(a: Vector, b: Vector) -> Matrix {
    a.map(|row| b.map(|column| row * column))
}

pub fn scaled(a: Matrix, by: f64) -> Matrix {
    a.map(|row| row.map(|number| number * by))
}

pub fn add(a: Matrix, b: Matrix) -> Matrix {
    [0, 1].map(|row| [0, 1].map(|column| a[row][column] + b[row][column]))
}

pub fn transposed(a: Matrix) -> Matrix {
    [0, 1].map(|row| [0, 1].map(|column| a[column][row]))
}

pub fn times(a: Matrix, b: Vector) -> Vector {
    a.map(|row| dot(row, b))
}

pub fn product(a: Matrix, b: Matrix) -> Matrix {
    let columns = transposed(b);
    a.map(|row| columns.map(|column| dot(row, column)))
}

/// The inverse of a matrix that is positive definite, with its determinant.
pub fn inverse(a: Matrix) -> (Matrix, f64) {
    let determinant = (a[0][0] * a[1][1] - a[0][1] * a[1][0]).max(f64::MIN_POSITIVE);
    let adjoint = [[a[1][1], -a[0][1]], [-a[1][0], a[0][0]]];
    (scaled(adjoint, 1.0 / determinant), determinant)
}
