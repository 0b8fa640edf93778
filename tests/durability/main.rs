//! The promise: what was acknowledged is there, whatever befell the processes.

mod batches;
mod clean_stop;
mod damage;
mod kill;
mod truncate;
