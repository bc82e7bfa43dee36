"""Roll-out: a challenger beside the champion, first in the shadow, then in some homes, then in all."""
