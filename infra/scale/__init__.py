"""What it takes and costs on AWS to serve more and more homes, on paper and by simulation."""
