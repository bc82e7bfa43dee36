"""What advice saves: from days drawn by lot to figures with intervals, of homes, cohorts and the fleet."""
