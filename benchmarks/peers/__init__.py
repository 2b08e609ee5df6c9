"""What a user could take instead: environments of their own, so that nothing enters this project's, and programs."""
