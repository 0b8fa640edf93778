//! What a plan is bound with: the client's values, the request's time, identifiers that no other
//! request gets.

use super::Request;
use crate::Node;
use crate::World;
use quorate_query::BoundValue;
use quorate_query::Context;
use uuid::Uuid;

impl<W: World> Node<W> {
    /// Lends what binding needs: the values, and what a statement may ask of the moment it runs in.
    pub(super) fn with_context<T>(
        &self,
        this: &Request<'_>,
        values: &[BoundValue],
        names: Option<&[String]>,
        act: impl FnOnce(&mut Context<'_>) -> T,
    ) -> T {
        let world = self.world();
        let mut uuids = || uuid::Builder::from_random_bytes(random_bytes(world)).into_uuid();
        let mut time_uuids = || self.time_uuid();
        act(&mut Context {
            values,
            names,
            now: this.now,
            timestamp: this.timestamp,
            timestamp_max: this.timestamp_max,
            uuids: &mut uuids,
            time_uuids: &mut time_uuids,
            now_millis: this.now_millis,
        })
    }

    /// A version 1 UUID that no other call gives: its time is the node's own clock, which never
    /// repeats, its node bits are the host id's.
    pub(crate) fn time_uuid(&self) -> Uuid {
        let micros = self.inner().clock.next(self.world().unix_micros()).micros();
        let ticks_since_1970 = u64::try_from(micros).unwrap_or(0).saturating_mul(10);
        let timestamp = uuid::Timestamp::from_unix_time(
            ticks_since_1970 / 10_000_000,
            u32::try_from(ticks_since_1970 % 10_000_000 * 100).unwrap_or(0),
            0,
            14,
        );
        let host = self.me().0.into_bytes();
        let node = host.last_chunk::<6>().copied().unwrap_or_default();
        Uuid::new_v1(timestamp, &node)
    }
}

/// 128 random bits.
pub(crate) fn random_bytes<W: World>(world: &W) -> [u8; 16] {
    let both = u128::from(world.random()) << 64 | u128::from(world.random());
    both.to_be_bytes()
}
