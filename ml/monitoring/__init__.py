"""What is watched between retrainings: drift, performance, and which labels are due."""
