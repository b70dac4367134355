//! A page of a replay: what it wants of the player, and what it is told of the moment.

use sluice_events::message::{ReplayWish, ToPage};

use super::{Page, Sent};

impl Page {
    /// What comes of it is told to every page.
    pub(super) async fn play(&mut self, wish: ReplayWish) -> Sent {
        let played = match &self.app.service.replay {
            Some(player) => player.play(wish),
            None => Err("this is no replay; it goes on with the next answer".to_owned()),
        };
        match played {
            Ok(()) => Ok(()),
            Err(why) => self.refuse(None, why, false).await,
        }
    }

    /// Nothing, if this is no replay or the page knows it.
    pub(super) async fn send_replay(&mut self) -> Sent {
        let (Some(player), Some(pace)) = (&self.app.service.replay, &mut self.pace) else {
            return Ok(());
        };
        pace.mark_unchanged();
        let Ok(next_seq) = self.app.service.session.read(|view| view.state.next_seq).await else {
            return Ok(());
        };
        let replay = player.stands(next_seq);
        if self.told.replay.as_ref() == Some(&replay) {
            return Ok(());
        }
        self.told.replay = Some(replay.clone());
        self.send(&ToPage::Replay(replay)).await
    }
}
