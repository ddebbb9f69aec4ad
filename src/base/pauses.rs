//! Waiting for what nobody tells of: looks with pauses between them.

use std::thread::sleep;
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(50);

/// The pauses of one wait, each longer than the one before, up to [`LONGEST`].
pub(crate) struct Pauses {
    next: Duration,
    /// `None` for never.
    end: Option<Instant>,
}

impl Pauses {
    /// For a wait of at most this long.
    pub fn within(timeout: Duration) -> Self {
        Self { next: FIRST, end: Instant::now().checked_add(timeout) }
    }

    /// Waits before the next look, not beyond the end; `false` where that has come.
    pub fn pause(&mut self) -> bool {
        let left = self.end.map_or(LONGEST, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return false;
        }
        sleep(self.next.min(left));
        self.next = (self.next * 3 / 2).min(LONGEST);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_come_to_an_end() {
        let mut pauses = Pauses::within(Duration::from_millis(20));
        let looks = std::iter::from_fn(|| pauses.pause().then_some(())).count();
        assert!((1..20).contains(&looks), "{looks}");
        assert!(!Pauses::within(Duration::ZERO).pause());
        let mut ever = Pauses::within(Duration::MAX);
        assert!(ever.pause() && ever.next > FIRST && ever.end.is_none());
    }
}
