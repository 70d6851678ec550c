//! A live source on a simulated clock, of a driver that a test scripts.

mod faults;
mod scripted;
mod times;
